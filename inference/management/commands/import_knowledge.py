"""Import knowledge cards from a file on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from inference.knowledge.files import KnowledgeCounts, KnowledgeFileRefused, import_file
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project

SHOWN = 20


class Command(JsonCommand):
    help = "Import knowledge cards from a JSONL or CSV file. Importing a file again adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--project", required=True, metavar="SLUG")

    def run(self, **options: Any) -> dict[str, Any]:
        path = options["file"]
        if not path.is_file():
            raise CommandError(_("There is no file %(path)s.") % {"path": path})
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(_("There is no project %(slug)s.") % {"slug": options["project"]})
        try:
            with path.open("rb") as file:
                counts = import_file(project, file, path.name, None, heard=self._tell)
        except KnowledgeFileRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        answer = {
            "rows": counts.rows,
            "new": counts.new,
            "changed": counts.changed,
            "same": counts.same,
            "rejected": counts.rejected,
            "rejected_rows": [
                {"row": one.row, "field": one.field, "reason": one.reason} for one in counts.rejected_rows[:SHOWN]
            ],
        }
        return unless_nothing_succeeded(answer, counts.why_nothing())

    def _tell(self, counts: KnowledgeCounts) -> None:
        self.stderr.write(f"{counts.read} rows, {counts.rejected} rejected")
