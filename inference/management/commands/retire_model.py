"""Retires a model from the command line, or takes it back into use."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import ModelVersion
from inference.registry import retiring
from inference.registry.registry import State
from projects.commands import JsonCommand


class Command(JsonCommand):
    help = "Retire a model that answers in no project: no new run offers it, and what it has said stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--revision", help="needed where the name has several")
        parser.add_argument("--restore", action="store_true", help="take it back into use")

    def run(self, **options: Any) -> dict[str, Any]:
        restore = options["restore"]
        rows = ModelVersion.objects.filter(name=options["name"]).order_by("pk")
        if options["revision"]:
            rows = rows.filter(revision=options["revision"])
        to_change = [row for row in rows if (row.state == State.RETIRED) == restore]
        found = {row.revision: row for row in to_change or rows}
        if not found:
            raise CommandError(f"no model is called {options['name']!r}")
        if len(found) > 1:
            raise CommandError(
                f"several models are called {options['name']!r}: --revision is one of {', '.join(found)}"
            )
        (version,) = found.values()
        changed = (retiring.restore if restore else retiring.retire)(version, None)
        return {"model": version.name, "revision": version.revision, "retired": not restore, "changed": changed}
