"""Put back what a project was judged by before: the model that answered, or the prompt version that it asked in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import ModelVersion
from inference.playground import activating
from inference.prompting import prompt_versions
from inference.registry import putting_back, registry
from projects.commands import JsonCommand
from projects.models import Project


class Command(JsonCommand):
    help = "Put back the model or the prompt version that was active in a project before, without another comparison."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["model", "prompt"])
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--role", choices=ModelVersion.Role.values, default=ModelVersion.Role.JUDGE.value)

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        if options["what"] == "prompt":
            activating.put_back(project, by=None)
        else:
            _model(project, options["role"])
        now = registry.active(project, options["role"])
        return {
            "project": project.slug,
            "role": options["role"],
            "model": now.name if now is not None else None,
            "revision": now.revision if now is not None else None,
            "prompt": prompt_versions.active(project).name,
        }


def _model(project: Project, role: str) -> None:
    now = registry.active(project, role)
    if now is None:
        raise CommandError(f"nobody answers as {role} in {project.slug!r}")
    putting_back.put_back(project, now, by=None)
