"""Worker and dispatcher in one process, with another that stands by, until SIGTERM or Ctrl+C."""

from __future__ import annotations

import time
from typing import Any

from celery import current_app
from django.core.management.base import CommandParser

from jobs import kinds, process, supervising
from projects import starting
from projects.commands import JsonCommand, UsageError


class Command(JsonCommand):
    help = "Work on rows that are due, and ring for them, until SIGTERM or Ctrl+C: current work is finished first."
    any_version = True  # starting.check refuses it, with the exit code of those who serve or work

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-dispatch", action="store_true", help="only work; another process dispatches")
        parser.add_argument("--dispatch-only", action="store_true", help="only dispatch; other processes work")
        parser.add_argument(
            "--queues",
            default=",".join(kinds.queues()),
            help="what to work on: default (imports, exports), prelabel, pictures; a GPU host takes prelabel alone",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        queues = [] if options["dispatch_only"] else [q for q in options["queues"].split(",") if q]
        _check(queues, no_dispatch=options["no_dispatch"], dispatch_only=options["dispatch_only"])
        supervising.stand_by()
        starting.check()
        started = time.monotonic()
        app = current_app._get_current_object()  # type: ignore[no-untyped-call]
        process.work(app, dispatch=not options["no_dispatch"], queues=queues, ended=process.ended_by_signals())
        return {"seconds": round(time.monotonic() - started, 1)}


def _check(queues: list[str], *, no_dispatch: bool, dispatch_only: bool) -> None:
    unknown = set(queues) - set(kinds.queues())
    if unknown:
        raise UsageError(f"--queues: unknown {', '.join(sorted(unknown))}; known: {', '.join(kinds.queues())}")
    if no_dispatch and dispatch_only:
        raise UsageError("--no-dispatch and --dispatch-only leave nothing to do")
