"""Pre-label a project from the command line; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation import prelabelling, run_progress, workers
from annotation.models import PrelabelRun
from annotation.run_progress import Progress
from inference.connecting import UnknownEngine
from projects.commands import JsonCommand
from projects.models import Project

POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 2.0


class Command(JsonCommand):
    help = "Pre-label every pair of a project that this model has not judged yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--engine", help="default: the active model, else the cold start")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        started = time.monotonic()
        run = self._start(options["project"], options["engine"])
        if options["wait"]:
            self._wait(run)
        progress = run_progress.progress(run)
        return {
            "pairs": progress.pairs,
            "ok": progress.ok,
            "invalid": progress.invalid,
            "failed": progress.failed,
            "reused": progress.reused,
            "seconds": round(time.monotonic() - started, 3),
        }

    def _start(self, slug: str, engine: str | None) -> PrelabelRun:
        project = Project.objects.filter(slug=slug, archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {slug!r}")
        try:
            return prelabelling.start_run(project, engine, by=None)
        except (prelabelling.CannotStart, UnknownEngine) as error:
            raise CommandError(str(error)) from error

    def _wait(self, run: PrelabelRun) -> None:
        said = time.monotonic()
        while prelabelling.is_open(run):
            if workers.is_anyone_working() or not prelabelling.work_some(run):
                time.sleep(POLL_SECONDS)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.stderr.write(_line(run_progress.progress(run)))


def _line(progress: Progress) -> str:
    rate = f", {progress.rate:.0f}/s" if progress.rate else ""
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left else ""
    return f"{progress.done} of {progress.pairs} pairs{rate}{left}"
