"""Have a large model read the queries of a project, each once; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import QueryReadingRun
from inference.prelabel import query_readings
from inference.registry import registry
from inference.registry.registry import UnknownModel
from jobs import heartbeats, leasing
from projects.commands import JsonCommand, UsageError, unless_nothing_succeeded
from projects.models import Project

POLL_SECONDS = 0.5


class Command(JsonCommand):
    help = "Ask a large model what the queries of a project demand; its readings stand over the product's own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--model", help="a registered large model's name; default: the active one")
        parser.add_argument("--most", type=int, default=query_readings.MOST, help="ask about at most so many queries")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        if options["most"] < 1:
            raise UsageError("--most is at least 1")
        try:
            model = registry.by_name(options["model"], project) if options["model"] else None
        except UnknownModel as error:
            raise CommandError(str(error)) from None
        run = query_readings.start(project, model, None, options["most"])
        if options["wait"]:
            self._wait(run)
        if run.state in ("dead", "cancelled"):
            raise CommandError(f"it ended as {run.state}: {run.error}")
        answer: dict[str, Any] = {
            "queries": run.total,
            "read": run.read,
            "refused": run.refused,
            "unanswered": run.unanswered,
        }
        answer |= {"reasons": run.reasons, "model": str(run.model), "state": run.state}
        return unless_nothing_succeeded(answer, query_readings.why_nothing(run))

    def _wait(self, run: QueryReadingRun) -> None:
        while run.state in leasing.LIVE:
            token = None if heartbeats.is_anyone_working() else leasing.claim(QueryReadingRun, run.pk)
            if token is not None:
                query_readings.work(run.pk, token)
            else:
                time.sleep(POLL_SECONDS)
            run.refresh_from_db()
            self.stderr.write(str(run))
