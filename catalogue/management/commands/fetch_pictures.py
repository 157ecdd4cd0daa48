"""Fetch a project's pictures from the command line; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from catalogue.pictures import allowed_hosts, fetching
from jobs import heartbeats
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project

POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 2.0


class Command(JsonCommand):
    help = "How far the pictures are that a project's rows name by address; hosts may be listed here, too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--allow", action="append", default=[], metavar="HOST", help="list a host; may be repeated")
        parser.add_argument("--plain-http", action="store_true", help="the hosts of --allow may be asked without TLS")
        parser.add_argument("--again", action="store_true", help="try the dead and the cancelled again")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        started = time.monotonic()
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        for host in options["allow"]:
            allowed_hosts.allow(project, host, None, plain_http=options["plain_http"])
        if options["again"]:
            fetching.try_again(project, None)
        if options["wait"]:
            self._wait(project)
        if unlisted := allowed_hosts.unlisted(project):
            self.stderr.write("not listed, so not fetched from: " + ", ".join(one.host for one in unlisted))
        seen = fetching.progress(project)
        answer = {**seen._asdict(), "seconds": round(time.monotonic() - started, 3)}
        return unless_nothing_succeeded(answer, fetching.why_nothing(project, seen))

    def _wait(self, project: Project) -> None:
        said = time.monotonic()
        while allowed_hosts.is_open(project):
            if heartbeats.is_anyone_working() or not fetching.work_some(project):
                time.sleep(POLL_SECONDS)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                progress = fetching.progress(project)
                self.stderr.write(f"{progress.fetched} of {progress.pictures} pictures, {progress.dead} not to be had")
