"""Measure a model's confidence on a project's gold and keep what corrects it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from evaluation import calibrating
from inference.registry import registry
from projects.commands import JsonCommand
from projects.models import Project
from relevance.calibration import METHODS


class Command(JsonCommand):
    help = "Fit a calibration of a model on the gold of a project; later pre-labels carry a calibrated confidence."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--model", help="default: the active one")
        parser.add_argument("--method", choices=METHODS, help="default: isotonic where there is gold enough")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        model = registry.by_name(options["model"]) if options["model"] else registry.active(project)
        if model is None:
            raise CommandError("no model is active: name one with --model")
        row = calibrating.fit(project, model, None, options["method"])
        return {
            **row.bins["basis"],
            "method": row.method,
            "pairs": row.pairs,
            "ece_before": row.ece_before,
            "ece_after": row.ece_after,
        }
