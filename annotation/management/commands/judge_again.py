"""Put stale labels before the queue: slots for judges, disagreements for adjudicators."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.standard import rejudging
from projects.commands import JsonCommand
from projects.models import Project


class Command(JsonCommand):
    help = "Have the labels judged again that rest on a rule which reads otherwise now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--pairs", type=int, default=rejudging.MOST, help="at most so many pairs")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        return rejudging.judge_again(project, None, options["pairs"])._asdict()
