"""Freeze a hard set from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.curation import hard_sets
from projects.commands import JsonCommand
from projects.models import Project
from relevance.hardness import ReasonKind


class Command(JsonCommand):
    help = "Freeze every pair that has a reason into a named hard set"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--reason", action="append", choices=list(ReasonKind), help="may be repeated; default: all")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']!r}")
        hard_set = hard_sets.freeze_hard_set(project, options["name"], None, options["reason"] or ())
        return {"members": hard_set.size, "reasons": hard_sets.counts_by_reason(hard_set)}
