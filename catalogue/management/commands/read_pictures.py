"""Read the words on a project's pictures from the command line; with --wait also when no worker is running."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from catalogue.pictures import reading_words
from jobs import heartbeats
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project

POLL_SECONDS = 0.5
SAY_EVERY_SECONDS = 2.0


class Command(JsonCommand):
    help = "Have the words on a project's pictures read, once a picture and version of the reader, and say how far that is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--again", action="store_true", help="also those that the reader gave up")
        parser.add_argument("--cancel", action="store_true", help="stop what has not been read")
        parser.add_argument("--wait", action="store_true", help="until it is done; works itself if no worker is up")

    def run(self, **options: Any) -> dict[str, Any]:
        started = time.monotonic()
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        if options["wait"] and not heartbeats.is_anyone_working() and (missing := reading_words.missing()):
            raise CommandError(missing)
        if options["cancel"]:
            reading_words.cancel(project, None)
        else:
            reading_words.want_all(project, None, again=options["again"])
        if options["wait"]:
            self._wait(project)
        seen = reading_words.progress(project)
        answer = {**seen._asdict(), "seconds": round(time.monotonic() - started, 3)}
        return unless_nothing_succeeded(answer, reading_words.why_nothing(project, seen))

    def _wait(self, project: Project) -> None:
        said = time.monotonic()
        while reading_words.waiting(project).exists():
            if heartbeats.is_anyone_working() or not reading_words.work_some(project):
                time.sleep(POLL_SECONDS)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                seen = reading_words.progress(project)
                self.stderr.write(f"{seen.read + seen.nothing} of {seen.pictures} pictures, {seen.failed} given up")
