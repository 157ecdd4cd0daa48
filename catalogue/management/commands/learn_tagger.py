"""Make the shipped weights of the query tagger anew from public data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from catalogue.evidence import tagger_learning
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Learn the tagger of queries from QueryNER's train part and write its weights, card and licences."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="folder with queryner/train.jsonl and licences/")

    def run(self, **options: Any) -> dict[str, Any]:
        try:
            return tagger_learning.learn(options["data"])
        except FileNotFoundError as missing:
            raise CommandError(f"not there: {missing.filename}") from missing
