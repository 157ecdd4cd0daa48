"""Agreement of a project: people among themselves, the model or people against gold, the model against people.

Rows become values here; every figure is computed in relevance.metrics, in the project's own scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Mod

from annotation.models import Judgment, Pair, StandingJudgment, StandingPrediction
from projects.models import Project
from relevance.labels import Scale
from relevance.metrics import PeopleReport, Report, people_report, report

Of = Literal["people", "model", "imported"]
Against = Literal["gold", "model", "people"]
Row = tuple[int, str, str, float | None]

ENOUGH = 20_000  # judged or gold pairs that a page looks at


class UndefinedComparison(ValueError):
    """This pair of --of and --against compares nothing."""


def figures(project: Project, *, of: Of | None, against: Against) -> Report | PeopleReport:
    """The report for `--of` against `--against`; without `--of`, people among themselves or the model against gold."""
    if of is None:
        of = "people" if against == "people" else "model"
    if against == "people" and of in {"people", "imported"}:
        return people_report(project.scale, ratings(project, imported_only=of == "imported"))
    if against == "gold":
        rows = model_and_gold(project) if of == "model" else people_and_gold(project, imported_only=of == "imported")
    elif against == "people" and of == "model":
        rows = model_and_people(project)
    elif against == "model" and of != "model":
        rows = people_and_model(project, imported_only=of == "imported")
    else:
        raise UndefinedComparison(f"{of} against {against} compares nothing")
    return report(project.scale, rows)


class OnThePage(NamedTuple):
    """People among themselves and the model against gold, over every `one_in`-th query of a large project: somebody waits
    for the page, and the intervals say what the smaller number costs."""

    people: PeopleReport
    model: Report
    one_in: int


def on_the_page(project: Project) -> OnThePage:
    told = Pair.objects.filter(Q(judged=True) | ~Q(gold_label=""), project=project)
    one_in = max(1, round(told.count() / ENOUGH))
    people = people_report(project.scale, ratings(project, one_in=one_in))
    return OnThePage(people, report(project.scale, model_and_gold(project, one_in=one_in)), one_in)


def _drawn(rows: QuerySet[Any], one_in: int) -> QuerySet[Any]:
    """Those of every so many-th query: whole queries, since by query one resamples."""
    return rows.annotate(place=Mod("pair__query_id", one_in)).filter(place=0) if one_in > 1 else rows


def standing(project: Project, *, imported_only: bool = False) -> QuerySet[StandingJudgment]:
    """Each judge's word on each pair, imported raters included."""
    rows = StandingJudgment.objects.filter(pair__project=project)
    return rows.filter(batch__isnull=False) if imported_only else rows


def ratings(project: Project, *, imported_only: bool = False, one_in: int = 1) -> Iterator[tuple[int, int, int, str]]:
    """(query, pair, judge, label) of every standing label."""
    rows = _drawn(standing(project, imported_only=imported_only), one_in).values_list(
        "pair__query_id", "pair_id", "judge_id", "label", "outcome"
    )
    for query, pair, judge, label, outcome in rows.iterator():
        if outcome == Judgment.Outcome.LABEL:
            yield query, pair, judge, label


def predictions(project: Project, *, one_in: int = 1) -> Iterator[tuple[int, int, str, str, float | None]]:
    """(query, pair, gold label or nothing, predicted label in the project's scale, share of good labels)."""
    scale = project.scale
    rows = _drawn(StandingPrediction.objects.filter(pair__project=project), one_in).values_list(
        "pair__query_id", "pair_id", "pair__gold_label", "label", "posterior"
    )
    for query, pair, gold, label, posterior in rows.iterator():
        yield query, pair, gold, scale.from_lore(label), good_share(scale, posterior)


def good_share(scale: Scale, posterior: dict[str, float] | None) -> float | None:
    """How much of the posterior lies on good labels: what AUC ranks by."""
    if not posterior:
        return None
    return sum(p for code, p in posterior.items() if scale.is_good(scale.from_lore(code)))


def model_and_gold(project: Project, *, one_in: int = 1) -> Iterator[Row]:
    for query, _, gold, label, score in predictions(project, one_in=one_in):
        if gold:
            yield query, gold, label, score


def people_and_gold(project: Project, *, imported_only: bool) -> Iterator[Row]:
    golds = dict(Pair.objects.filter(~Q(gold_label=""), project=project).values_list("pk", "gold_label"))
    for query, pair, _, label in ratings(project, imported_only=imported_only):
        if pair in golds:
            yield query, golds[pair], label, None


def model_and_people(project: Project) -> Iterator[Row]:
    """Every standing judgment beside the prediction of its pair: the person's label is the truth."""
    said: dict[int, list[str]] = defaultdict(list)
    for _, pair, _, label in ratings(project):
        said[pair].append(label)
    for query, pair, _, label, score in predictions(project):
        for truth in said.get(pair, ()):
            yield query, truth, label, score


def people_and_model(project: Project, *, imported_only: bool) -> Iterator[Row]:
    predicted = {pair: label for _, pair, _, label, _ in predictions(project)}
    for query, pair, _, label in ratings(project, imported_only=imported_only):
        if pair in predicted:
            yield query, predicted[pair], label, None
