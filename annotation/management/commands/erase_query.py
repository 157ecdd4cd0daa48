"""Erases the text of a query from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.pairs import erasing
from catalogue.models import Query
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Erase the text of a query for good; what was judged of it stays. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--query", required=True, metavar="TEXT", help="as it stands, in all its locales")
        parser.add_argument(
            "--files", action="store_true", help="remove the project's sealed exports and uploads as well"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        found = Query.objects.filter(project__slug=options["project"], text=options["query"]).select_related("project")
        if not found:
            raise CommandError(f"project {options['project']!r} has no such query")
        left = erasing.not_reached(found[0])
        erased = [erasing.erase(query, files=options["files"], actor=None) for query in found]
        return {"erased": erased, "exports": left.exports, "uploads": left.uploads, "rules": left.rules}
