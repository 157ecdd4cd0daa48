"""Does a model fall for item text that talks to it? Flip rates by attack, and agreement on clean text."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from evaluation import canary
from inference.engines.base import EngineError
from inference.prelabel import runs
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project
from rules.publishing import active_rule_base, specs


class Command(JsonCommand):
    help = "Irrelevant pairs, clean and with ten attacks and three keyword stuffings, judged by one model."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", "--engine", dest="model", help="default: the active one, else the cold start")
        parser.add_argument("--project", help="take its gold; without it, pairs that come with the product")
        parser.add_argument("--pairs", type=int, default=canary.MOST)
        parser.add_argument("--seed", type=int, default=0)

    def run(self, **options: Any) -> dict[str, Any]:
        slug = options["project"]
        project = Project.objects.filter(slug=slug).first() if slug else None
        if slug and project is None:
            raise CommandError(f"no project is called {slug!r}")
        try:
            model = runs.model_for(project, options["model"], specs(active_rule_base(project)))
            found = canary.run(model, project, pairs=options["pairs"], seed=options["seed"])
        except EngineError as error:
            raise CommandError(str(error)) from error
        return unless_nothing_succeeded({"model": str(model), **found}, canary.why_nothing(found))
