"""Finding pairs: filters by name, text search in queries, keyset pages. No COUNT over the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.models import BadCase, Disagreement, Judgment, Pair, Prediction
from projects.models import Project

PAGE = 50


@dataclass(frozen=True)
class Page:
    pairs: list[Pair]
    newer: int | None
    older: int | None


def _predicted() -> Exists:
    return Exists(Prediction.objects.filter(pair=OuterRef("pk"), status="ok"))


def _judged() -> Exists:
    return Exists(Judgment.objects.filter(pair=OuterRef("pk"), batch=None))


def _disputed() -> Exists:
    return Exists(Disagreement.objects.filter(pair=OuterRef("pk"), state=Disagreement.State.OPEN))


def _flagged() -> Exists:
    return Exists(BadCase.objects.filter(pair=OuterRef("pk"), state=BadCase.State.OPEN))


def filters() -> Mapping[str, Q]:
    """The filters a person may name; nothing a request says becomes a field or an operator."""
    return {
        "gold": ~Q(gold_label=""),
        "no_gold": Q(gold_label=""),
        "predicted": Q(_predicted()),
        "not_predicted": ~Q(_predicted()),
        "judged": Q(_judged()),
        "disputed": Q(_disputed()),
        "flagged": Q(_flagged()),
        "benchmark": Q(query__is_benchmark=True),
    }


def find(
    project: Project,
    *,
    text: str = "",
    only: str = "",
    label: str = "",
    before: int | None = None,
    after: int | None = None,
) -> Page:
    rows = Pair.objects.filter(project=project).select_related("query", "item__current_snapshot")
    if text:
        rows = rows.filter(
            Q(query__text__icontains=text) | Q(item__current_snapshot__title__icontains=text) | Q(external_id=text)
        )
    if only in filters():
        rows = rows.filter(filters()[only])
    if label:
        rows = rows.filter(gold_label=label)
    return _page(rows, before, after)


def _page(rows: QuerySet[Pair], before: int | None, after: int | None) -> Page:
    if after is not None:
        found = list(reversed(rows.filter(pk__lt=after).order_by("-id")[: PAGE + 1]))
        pairs = found[-PAGE:]
        return Page(pairs, pairs[0].pk if len(found) > PAGE else None, pairs[-1].pk if pairs else None)
    if before is not None:
        rows = rows.filter(pk__gt=before)
    found = list(rows.order_by("id")[: PAGE + 1])
    pairs = found[:PAGE]
    newer = pairs[0].pk if before is not None and pairs else None
    return Page(pairs, newer, pairs[-1].pk if len(found) > PAGE else None)
