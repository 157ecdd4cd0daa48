"""How right the evidence of a project is, as JSON; with --sample it draws pairs for people to check first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.evidence_checks import drawing, gate
from projects.commands import JsonCommand
from projects.models import Project


class Command(JsonCommand):
    help = (
        "Figures and gate of each category's evidence, with 95 % intervals by query; --sample draws more pairs to check"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--sample", type=int, metavar="N", help="draw so many pairs more of each category")
        parser.add_argument("--seed", type=int, default=0, help="by which they are drawn (default 0)")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']!r}")
        drawn = 0
        if options["sample"] is not None:
            if not 1 <= options["sample"] <= drawing.MOST_PER_CATEGORY:
                raise CommandError(f"--sample is between 1 and {drawing.MOST_PER_CATEGORY}")
            act = drawing.draw(project, seed=options["seed"], per_category=options["sample"], actor=None)
            drawn = act.pairs
        gate.recount(project)
        return {
            "project": project.slug,
            "extractor": gate.extractor_now(project),
            "drawn": drawn,
            "categories": gate.told(project),
        }
