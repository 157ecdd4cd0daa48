"""Write a sealed export into a folder: the same work a worker does, done here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.curation import exporting
from annotation.curation.formats import table
from annotation.models import Export, HardSet
from jobs import leasing
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project


class Command(JsonCommand):
    help = "Export files for training or for people; they and their manifest are written to --out"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--kind", required=True, choices=table.codes(), help=table.purposes())
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--hard-set", help="only the members of this hard set")
        parser.add_argument(
            "--without-stale", action="store_true", help="no pair whose labels cite a rule out of force"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']!r}")
        hard_set = self._hard_set(project, options["hard_set"])
        export = exporting.request_export(
            project, options["kind"], None, hard_set, without_stale=options["without_stale"]
        )
        token = leasing.claim(Export, export.pk)
        if token is not None:
            exporting.work(export.pk, token)
        export.refresh_from_db()
        if export.state != "done":
            raise CommandError(f"the export ended as {export.state}: {export.error}")
        if changed := exporting.verify(export):
            raise CommandError(f"the storage no longer holds what was sealed: {', '.join(changed)}")
        names = exporting.copy_to(export, options["out"])
        self.stderr.write(f"{export.rows} rows in {options['out']}")
        answer = {"rows": export.rows, "files": names, "manifest": str(options["out"] / exporting.MANIFEST)}
        return unless_nothing_succeeded(answer, exporting.why_nothing(export))

    def _hard_set(self, project: Project, name: str | None) -> HardSet | None:
        if not name:
            return None
        found = HardSet.objects.filter(project=project, name=name, frozen_at__isnull=False).first()
        if found is None:
            raise CommandError(f"the project has no frozen hard set {name!r}")
        return found
