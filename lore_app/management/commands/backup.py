"""Backs up database and storage into a new folder, while the product is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from database.connecting import connected_as
from lore_app.backup import making
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Back up the database and the storage into a new folder; nobody has to stop working."
    any_version = True  # a backup asks nothing of the tables

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def run(self, **options: Any) -> dict[str, Any]:
        folder: Path = options["folder"].resolve()
        with connected_as(settings.OWNER_DATABASE):
            manifest = making.make(folder, self.stderr.write)
        return {
            "folder": str(folder),
            "tables": len(manifest.tables),
            "rows": sum(one.rows for one in manifest.tables.values()),
            "files": len(manifest.files),
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        }
