"""Agreement of a project as JSON; --detail adds rater pairs, classes and the confusion matrix."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.trust import agreement
from annotation.trust.foreign import UnknownForeignModel
from projects.commands import JsonCommand, unless_nothing_succeeded
from projects.models import Project
from relevance.metrics import PeopleReport, Report


class Command(JsonCommand):
    help = "How far people and model agree, with 95 % intervals that resample by query"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--of", choices=["people", "model", "imported"])
        parser.add_argument("--against", choices=["gold", "model", "people"], default="gold")
        parser.add_argument(
            "--include-learnt", action="store_true", help="also what the model learnt from, beside and never mixed in"
        )
        parser.add_argument(
            "--foreign", default="", metavar="NAME", help="of the model whose predictions a file brought"
        )
        parser.add_argument("--detail", action="store_true")

    def run(self, **options: Any) -> dict[str, Any]:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"there is no project {options['project']!r}")
        try:
            asked = {name: options[name] for name in ("of", "against", "include_learnt", "foreign")}
            found = agreement.figures(project, **asked)
        except (agreement.UndefinedComparison, UnknownForeignModel) as error:
            raise CommandError(str(error)) from error
        answer = {**found.to_json(), **(detail(found.report) if options["detail"] else {})}
        return unless_nothing_succeeded(answer, found.why_nothing())


def detail(report: Report | PeopleReport) -> dict[str, Any]:
    if isinstance(report, PeopleReport):
        kappas = [pair.kappa_quadratic.to_json() for pair in report.rater_pairs]
        return {"rater_pairs": kappas}
    classes = [
        {"label": one.code, "precision": one.precision, "recall": one.recall, "f1": one.f1, "n": one.support}
        for one in report.classes
    ]
    return {
        "signed_error": report.signed_error.to_json(),
        "good_rate": report.good_rate.to_json(),
        "true_good_rate": report.true_good_rate.to_json(),
        "classes": classes,
        "confusion": report.confusion,
    }
