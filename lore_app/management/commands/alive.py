"""Is the process of this container, or of this host, at work? For the health checks of whoever supervises it."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from jobs import heartbeats
from jobs.models import Worker
from projects.commands import JsonCommand

WEB = "web"


class Command(JsonCommand):
    help = "Exit 0 while a web process, a worker or a dispatcher of this host answers or beats, else 1."
    any_version = True  # a process that runs asked when it started

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("process", choices=[WEB, *Worker.Kind.values])

    def run(self, **options: Any) -> dict[str, Any]:
        process: str = options["process"]
        well = _answers() if process == WEB else heartbeats.beats_here(Worker.Kind(process))
        if not well:
            raise CommandError(f"the {process} process gives no sign of life")
        return {"alive": process}


def _answers() -> bool:
    """As its proxy asks: by a host that it knows, and over TLS where that is what it expects."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    headers = {"Host": host, **({"X-Forwarded-Proto": "https"} if settings.HTTPS else {})}
    with closing(http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=5)) as talking:
        try:
            talking.request("GET", "/health/", headers=headers)
            return talking.getresponse().status == 200
        except OSError:
            return False
