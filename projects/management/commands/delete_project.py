"""Deletes an archived project for good, from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects import deleting
from projects.commands import JsonCommand
from projects.models import AuditEvent, Project


class Command(JsonCommand):
    help = "Delete an archived project for good: its rows and files, and nothing of any other. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--typed", required=True, metavar="SLUG", help="the address once more, since you mean it")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["slug"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['slug']!r}")
        deleting.to_the_end(deleting.ask(project, typed=options["typed"], actor=None))
        done = AuditEvent.objects.get(act="project.deleted", object_id=str(project.pk))
        return {"project": options["slug"], "rows": done.detail["rows"]}
