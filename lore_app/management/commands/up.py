"""Serve: the web process and the worker process side by side, until Ctrl-C or until one of them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lore_app.ending_with_parent import end_with_parent
from projects import starting

GRACE_SECONDS = 20


class Command(BaseCommand):
    help = "Serve the web pages and work the jobs, each in processes of its own"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--web-processes", type=int, default=2, help="one is at its limit with fifty people")
        parser.add_argument("--web-threads", type=int, default=8)
        parser.add_argument("--stop-with-parent", action="store_true", help="stop when whoever started this is gone")

    def handle(
        self, *args: Any, port: int, web_processes: int, web_threads: int, stop_with_parent: bool, **options: Any
    ) -> None:
        starting.check()  # once here, so that two processes do not say it twice
        address = f"127.0.0.1:{port}"
        web = [sys.executable, "-m", "gunicorn", "--config", "python:lore_app.web_process.gunicorn_settings"]
        web += ["lore_app.wsgi", "--bind", address, "--log-level", "warning"]
        web += ["--threads", str(web_threads), "--workers", str(web_processes)]
        environment = {**os.environ, "LORE_PORT": str(port)}
        processes = [
            subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, preexec_fn=end_with_parent)
            for command in (web, [sys.executable, "manage.py", "work"])
        ]
        parent = os.getppid()
        signal.signal(signal.SIGTERM, _as_interrupt)
        self.stdout.write(f"LORE Copilot: http://localhost:{port}/  (Ctrl-C stops it)")
        try:
            while all(process.poll() is None for process in processes):
                if stop_with_parent and os.getppid() != parent:
                    raise KeyboardInterrupt
                time.sleep(0.5)
            raise CommandError("one of the two processes ended; the lines above say why")
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        finally:
            _stop(processes)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask, wait for what is under way, then insist."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
