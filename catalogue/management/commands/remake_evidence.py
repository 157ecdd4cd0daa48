"""Make the readings and grids of a project anew; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from catalogue.evidence import remaking
from catalogue.models import EvidenceRemaking
from jobs import heartbeats, leasing
from projects.commands import JsonCommand
from projects.models import Project

POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 2.0


class Command(JsonCommand):
    help = "Read every query and make every grid of a project as this version of the product does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        asked = remaking.start(project, None)
        if options["wait"]:
            self._wait(asked)
        if asked.state in ("dead", "cancelled"):
            raise CommandError(f"it ended as {asked.state}: {asked.error}")
        told = {"pairs": asked.total, "seen": asked.seen, "made": asked.made, "state": asked.state}
        return {**told, "seconds": round(asked.seconds, 3)}

    def _wait(self, asked: EvidenceRemaking) -> None:
        said = time.monotonic()
        while asked.state in leasing.LIVE:
            token = None if heartbeats.is_anyone_working() else leasing.claim(EvidenceRemaking, asked.pk)
            if token is not None:
                remaking.work(asked.pk, token, on_progress=self._say)
            else:
                time.sleep(POLL_SECONDS)
            asked.refresh_from_db()
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                self._say(asked)

    def _say(self, asked: EvidenceRemaking) -> None:
        rate = f", {asked.rate:.0f}/s" if asked.rate else ""
        left = f", {asked.seconds_left:.0f} s left" if asked.seconds_left else ""
        self.stderr.write(f"{asked.seen} of {asked.total} pairs{rate}{left}")
