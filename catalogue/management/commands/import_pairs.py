"""Import pairs of a query and an item from a file on this machine."""

from __future__ import annotations

from django.core.management.base import CommandParser

from catalogue.importing.command_imports import ImportCommand


class Command(ImportCommand):
    help = "Import pairs from a JSONL, CSV, Parquet or Excel file, plain or gzip. Importing a file again adds nothing."
    kind = "pairs"
    answer = ("read", "new", "known", "changed", "rejected", "gold", "ratings", "predictions", "replaced", "conflicts")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--scale", default="", help="the label scale that every label of the file is in")
        parser.add_argument(
            "--map-label",
            action="append",
            default=[],
            metavar="VALUE=LABEL",
            help="which label a value of the file is, nothing after = for none; may be repeated",
        )
        parser.add_argument("--judge-gold", action="store_true", help="pairs with a gold label are judged, too")
