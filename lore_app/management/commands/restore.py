"""Restores a backup and proves that every table and file is as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from lore_app.backup import restoring
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Restore a backup into an empty database, and compare every table and file with it."
    any_version = True  # which is put aside whole, under another name

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="put the database that is there aside under another name first"
        )

        parser.add_argument(
            "--keep-sign-ins",
            action="store_true",
            help="leave service tokens, one-time links and sessions as they were, those that have been ended since too",
        )

        parser.add_argument(
            "--foreign",
            action="store_true",
            help="restore what another installation made, or this one with another secret key; a backup that you do not trust"
            " can run programs as the database's user",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        folder, say = options["folder"].resolve(), self.stderr.write
        chosen = {name: options[name] for name in ("replace", "keep_sign_ins", "foreign")}
        return restoring.restore(folder, say, **chosen)
