"""Ask for more judgments on pairs that are there, or see what that would come to."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.pairs import choosing, more_judgments
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted
from projects.commands import JsonCommand, UsageError
from projects.models import Project
from relevance.labels import UnknownLabel


class Command(JsonCommand):
    help = "Ask further people for judgments of chosen pairs; without a filter of all pairs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="slug of the project")
        parser.add_argument("--more", type=int, required=True, help="judgments more on each pair")
        parser.add_argument(
            "--filter", default="", metavar="NAME", help="one of the filters of the list of pairs, differ or stale"
        )
        parser.add_argument("--text", default="", help="words of the query or the title, or an id")
        parser.add_argument("--label", default="", help="gold label")
        parser.add_argument("--category", default="", help="how the item's category begins")
        parser.add_argument("--rule", default="", help="code of a rule that a standing judgment cites")
        parser.add_argument("--fewer", type=int, help="settled by the consensus of fewer people than so many")
        parser.add_argument("--settled", action="store_true", help="also where gold is adjudicated or imported")
        parser.add_argument("--pairs", type=int, help="at most so many pairs")
        parser.add_argument("--dry-run", action="store_true", help="only say what it would come to")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"], archived_at=None).first()
        if project is None:
            raise CommandError(f"no project is called {options['project']!r}")
        chosen, more = _choice(project, options), options["more"]
        if not 1 <= more <= more_judgments.NUMBERS or (options["pairs"] is not None and options["pairs"] < 1):
            raise UsageError(f"--more is from 1 to {more_judgments.NUMBERS}, --pairs at least 1")
        wanted = MoreWanted(chosen, more, options["settled"], options["pairs"])
        told = more_judgments.preview(project, wanted)._asdict()
        if told.pop("partial"):
            self.stderr.write("the newest pairs cannot be found by their words yet")
        if options["dry_run"]:
            return {**told, "act": None}
        act = more_judgments.ask(project, wanted, None, uuid.uuid4(), here=True)
        if act.state != "done":
            raise CommandError(f"it ended as {act.state}: {act.error}")
        return {**told, "pairs": act.pairs, "slots": act.slots, "act": act.pk}


def _choice(project: Project, options: dict[str, Any]) -> Choice:
    names = choosing.names(project)
    if options["filter"] and options["filter"] not in names:
        raise UsageError(f"--filter is one of {', '.join(names)}")
    try:
        label = project.scale.parse(options["label"]) if options["label"] else ""
    except UnknownLabel as error:
        raise UsageError(str(error)) from None
    which = {name: options[name] for name in ("text", "category", "rule", "fewer")}
    return Choice(only=options["filter"], label=label, newest=choosing.newest(project), **which)
