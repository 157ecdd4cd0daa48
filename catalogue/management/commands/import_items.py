"""Import catalogue items, without queries, from a file on this machine."""

from __future__ import annotations

from catalogue.importing.command_imports import ImportCommand


class Command(ImportCommand):
    help = "Import catalogue items from a JSONL, CSV, Parquet or Excel file, plain or gzip."
    kind = "items"
    answer = ("read", "new", "known", "changed", "rejected", "images", "replaced")
