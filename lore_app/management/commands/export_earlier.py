"""Writes what an earlier version's database holds into files that this version imports; changes nothing there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from database.connecting import connected_as
from lore_app import carrying_over
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Write pairs, gold, ratings, items and knowledge of an earlier version's database into files to import here."
    any_version = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def run(self, **options: Any) -> dict[str, Any]:
        with connected_as(settings.OWNER_DATABASE):
            return {
                "folder": str(options["folder"].resolve()),
                "projects": carrying_over.export(options["folder"].resolve()),
            }
