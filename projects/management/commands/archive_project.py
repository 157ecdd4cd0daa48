"""Archives a project from the command line, or brings it back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import archiving
from projects.commands import JsonCommand
from projects.models import Project


class Command(JsonCommand):
    help = "Archive a project: nobody enters it until it is restored, and nothing is deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--restore", action="store_true", help="bring it back")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["slug"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['slug']!r}")
        act = archiving.restore if options["restore"] else archiving.archive
        changed = act(project, actor=None)
        return {"project": project.slug, "archived": not options["restore"], "changed": changed}
