"""Hold a draft of the rules against a project's stored pairs: what it would flip, and whether for the better."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation import backtesting, jobs
from annotation.models import BackTest, JobState
from projects.commands import JsonCommand
from projects.models import Project
from rules.models import RuleDraft

TOLD = ("pairs", "flips", "by_direction", "agreement_before", "agreement_after", "good_rate_before", "good_rate_after")


class Command(JsonCommand):
    help = "Back-test a draft of the rules over every stored pair with a grid."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--draft", type=int, required=True, help="number of the draft, as in its address")
        parser.add_argument("--project", required=True, help="slug of the project")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        draft = RuleDraft.objects.select_related("base").filter(pk=options["draft"]).first()
        if project is None or draft is None:
            missing = f"project is called {options['project']!r}" if project is None else f"draft {options['draft']}"
            raise CommandError(f"no {missing}")
        try:
            test = backtesting.start(draft, project, None)
        except backtesting.CannotTest as error:
            raise CommandError(error.code) from error
        token = jobs.claim(BackTest, test.pk)
        if token is not None:
            backtesting.work(test.pk, token)
        test.refresh_from_db()
        if test.state != JobState.DONE or test.result is None:
            raise CommandError(f"the back-test ended as {test.state}: {test.error}")
        return {name: test.result[name] for name in TOLD}
