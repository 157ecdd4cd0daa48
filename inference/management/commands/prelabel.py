"""Pre-label a project from the command line; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from inference.models import PrelabelRun
from inference.prelabel import progress as run_progress
from inference.prelabel import runs
from inference.prelabel.progress import RunProgress
from inference.prelabel.runs import ONLY, Wish
from jobs import heartbeats
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project

POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 2.0


class Command(JsonCommand):
    help = "Pre-label every pair of a project that this model has not judged yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--model", help="a registered model's name; default: the active one, else the cold start")
        parser.add_argument("--samples", type=int, default=1, help="chains per pair, for self-consistency")
        parser.add_argument("--only", choices=sorted(filter(None, ONLY)), default="", help="of the pairs, those alone")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        started = time.monotonic()
        run = self._start(options["project"], Wish(options["model"], options["samples"], options["only"]))
        if options["wait"]:
            self._wait(run)
            run.refresh_from_db()  # its engine may have stopped it
        progress = run_progress.progress(run)
        answer = {
            "pairs": progress.pairs,
            "ok": progress.ok,
            "invalid": progress.invalid,
            "failed": progress.failed,
            "dead": progress.dead,
            "reused": progress.reused,
            "tokens_in": progress.cost.tokens_in,
            "tokens_out": progress.cost.tokens_out,
            "cached_tokens": progress.cost.tokens_cached,
            "seconds": round(time.monotonic() - started, 3),
        }
        return unless_nothing_succeeded(answer, run_progress.why_nothing(run, progress))

    def _start(self, slug: str, wish: Wish) -> PrelabelRun:
        project = Project.objects.filter(slug=slug, archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {slug!r}")
        return runs.start_run(project, None, wish)

    def _wait(self, run: PrelabelRun) -> None:
        said = time.monotonic()
        while runs.is_open(run):
            if heartbeats.is_anyone_working() or not runs.work_some(run):
                time.sleep(POLL_SECONDS)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.stderr.write(_line(run_progress.progress(run)))


def _line(progress: RunProgress) -> str:
    rate = f", {progress.rate:.0f}/s" if progress.rate else ""
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
    return f"{progress.done} of {progress.pairs} pairs{rate}{left}"
