"""Compile the message catalogues; with --update, first bring new messages into them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from lore_app import catalogues


class Command(BaseCommand):
    help = "Compile the message catalogues (Babel; no system gettext needed)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true", help="add new messages to the .po files first")

    def handle(self, *args: Any, update: bool, **options: Any) -> None:
        if update:
            catalogues.update(settings.BASE_DIR)
        count = catalogues.compile_all(settings.BASE_DIR)
        self.stderr.write(f"{count} catalogue(s) compiled")
