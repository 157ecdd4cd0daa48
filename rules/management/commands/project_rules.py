"""Which rule base version a project is judged by, from the command line: told, followed or pinned."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from projects.commands import JsonCommand
from projects.models import Project
from rules import following, publishing


class Command(JsonCommand):
    help = "Say which rule base version a project is judged by; let it follow the newest, or pin one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--follow", action="store_true", help="be judged by each version from its publication on")
        either.add_argument("--pin", type=int, metavar="N", help="keep this version, whatever is published")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["slug"], archived_at=None).first()
        if project is None:
            raise CommandError(f"there is no project {options['slug']!r}")
        wanted = options["pin"]
        asked = options["follow"] or wanted is not None
        changed = following.choose(project, wanted, actor=None) if asked else False
        rule_base = publishing.active_rule_base(project)
        return {
            "project": project.slug,
            "rule_base": rule_base.number if rule_base is not None else None,
            "follows": project.rule_base_number is None,
            "changed": changed,
        }
