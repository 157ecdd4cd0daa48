"""Let the distilled tier learn from a project's labels; promoted where it beats the model that answers now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from jobs import leasing
from projects.commands import JsonCommand
from projects.models import Project
from training import distilled
from training.distilled import SOURCES, CannotTrain, LeakedLineage

FIGURES = ("train_pairs", "test_pairs", "acc2", "acc4", "macro_f1", "kappa_quadratic", "auc", "ece")


class Command(JsonCommand):
    help = "Train the distilled tier and measure it on queries that no model learns from."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument(
            "--from", dest="source", choices=SOURCES, default="gold", help="whose labels (default: gold)"
        )
        parser.add_argument("--no-promote", action="store_true", help="register it, but leave the active model alone")
        parser.add_argument("--seed", type=int, default=0)

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        try:
            trained = distilled.train(
                project, options["source"], None, promote=not options["no_promote"], seed=options["seed"]
            )
        except LeakedLineage as error:
            raise CommandError(leasing.error_text(error)) from error
        except CannotTrain as error:
            raise CommandError(str(error)) from error
        basis = {name: told for name, told in trained.report["basis"].items() if name != "lineage"}
        return {
            **basis,
            **{name: trained.report[name] for name in (*FIGURES, "split", "lineage")},
            "no_rival": (trained.report["active"] or {}).get("no_rival", ""),
            "promoted": trained.promoted,
            "why_not": trained.why_not,
            "model": trained.version.name,
            "revision": trained.version.revision,
        }
