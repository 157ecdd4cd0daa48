"""Hold a draft of the rules against a project's stored pairs: what it would flip, and whether for the better."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.models import BackTest
from annotation.standard import backtesting, sampled_backtesting
from annotation.standard.backtesting import Sample
from inference.models import ModelVersion
from inference.registry import registry
from jobs import leasing
from jobs.models import JobState
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project
from rules.models import RuleDraft

TOLD = ("pairs", "flips", "by_direction", "agreement_before", "agreement_after", "good_rate_before", "good_rate_after")

TOLD_BY_A_MODEL = ("stored", "concerned", "unanswered", "flip_share", "tokens_in", "tokens_out", "seconds")


class Command(JsonCommand):
    help = "Back-test a draft of the rules over every stored pair with a grid."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--draft", type=int, required=True, help="number of the draft, as in its address")
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--model", help="let this model judge a sample under both sets of rules")
        parser.add_argument("--sample", type=int, default=sampled_backtesting.USUAL, help="pairs of the sample")
        parser.add_argument("--estimate", action="store_true", help="only say what the model's answers would cost")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        draft = RuleDraft.objects.select_related("base").filter(pk=options["draft"]).first()
        if project is None or draft is None:
            missing = f"project is called {options['project']!r}" if project is None else f"draft {options['draft']}"
            raise CommandError(f"no {missing}")
        model = self._model(options["model"])
        if model is not None and options["estimate"]:
            return sampled_backtesting.cost(model, options["sample"])._asdict()
        sample = Sample(model, options["sample"]) if model is not None else None
        test = backtesting.start(draft, project, None, sample)
        token = leasing.claim(BackTest, test.pk)
        if token is not None:
            (backtesting if model is None else sampled_backtesting).work(test.pk, token)
        test.refresh_from_db()
        if test.state != JobState.DONE or test.result is None:
            raise CommandError(f"the back-test ended as {test.state}: {test.error}")
        told = {name: test.result[name] for name in (*TOLD, *(TOLD_BY_A_MODEL if model is not None else ()))}
        basis = {**test.result["basis"], "rule_base": draft.base.number}
        answer = {**told, **basis, "judge": "model" if model else "rules"}
        return unless_nothing_succeeded(answer, backtesting.why_nothing(test.result))

    def _model(self, name: str | None) -> ModelVersion | None:
        return None if name is None else registry.by_name(name)
