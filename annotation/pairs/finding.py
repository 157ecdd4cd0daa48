"""Finding pairs: filters by name, words in queries and titles, keyset pages. No COUNT over the data.

Every filter is an index that is walked in the order of the pairs, so that a page costs the same wherever in a million
pairs its rows lie. Words are looked up block by block of neighbouring pairs, twice as many each time: what is frequent is
found in the first, what is rare soon after, and nothing sorts all pairs that hold a frequent word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet

from annotation.models import BadCase, Disagreement
from catalogue import words
from catalogue.models import Pair, Query
from projects.models import Project

PAGE = 50
FEW = 2000  # pairs whose words nobody has read yet, and which are therefore looked through one by one


@dataclass(frozen=True)
class PageOfPairs:
    """`partial`: so many pairs wait to be read that those are not among what was searched."""

    pairs: list[Pair]
    newer: int | None
    older: int | None
    partial: bool = False


def filters(project: Project) -> Mapping[str, Q]:
    """The filters a person may name; nothing a request says becomes a field or an operator."""
    disputed = Disagreement.objects.filter(project=project, state=Disagreement.State.OPEN)
    flagged = BadCase.objects.filter(project=project, state=BadCase.State.OPEN)
    benchmark = Query.objects.filter(project=project, is_benchmark=True)
    return {
        "gold": ~Q(gold_label=""),
        "no_gold": Q(gold_label=""),
        "predicted": Q(predicted=True),
        "not_predicted": Q(predicted=False),
        "judged": Q(judged=True),
        "disputed": _among(disputed.values("pair")),
        "flagged": _among(flagged.values("pair")),
        "benchmark": Q(query__in=benchmark.values("pk")),
    }


class _IsAny(Func):
    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def _among(ids: QuerySet[Any, Any]) -> Q:
    """The ids first, as an array, then their pairs in order. Left to choose, the planner walks along all pairs until it has
    met enough of them, which is soon where they lie evenly, and a million pairs later where they do not."""
    return Q(_IsAny(F("pk"), ArraySubquery(ids)))


def find(
    project: Project,
    *,
    text: str = "",
    only: str = "",
    label: str = "",
    before: int | None = None,
    after: int | None = None,
    without: Q | None = None,
) -> PageOfPairs:
    rows = Pair.objects.filter(project=project)
    if without is not None:
        rows = rows.filter(~without)
    known = filters(project)
    if only in known:
        rows = rows.filter(known[only])
    if label:
        rows = rows.filter(~Q(gold_label=""), gold_label=label)
    if not text.strip():
        return _page(_keys(rows, before, after), before, after)
    partial = words.waits(project.pk, more_than=FEW)
    keys = _keys_by_words(rows, words.asked(text), before, after)
    if not partial:
        keys += _keys(rows.filter(_contains(text), findable=False), before, after)
    return _page(keys, before, after, partial=partial)


def _contains(text: str) -> Q:
    return Q(query__text__icontains=text) | Q(item__current_snapshot__title__icontains=text) | Q(external_id=text)


def first(project: Project, rows: QuerySet[Pair], text: str, most: int) -> tuple[list[int], bool]:
    """The first `most` of these pairs that hold the words, and whether some could not be searched (see `PageOfPairs.partial`)."""
    if not text.strip():
        return _keys(rows, None, None, most), False
    keys = _keys_by_words(rows, words.asked(text), None, None, most)
    partial = words.waits(project.pk, more_than=FEW)
    if not partial:
        keys += _keys(rows.filter(_contains(text), findable=False), None, None, most)
    return sorted(set(keys))[:most], partial


def _keys(rows: QuerySet[Pair], before: int | None, after: int | None, most: int = PAGE + 1) -> list[int]:
    """One more than a page of them, from the place where the page begins, or backwards from where it ends."""
    if after is not None:
        rows = rows.filter(pk__lt=after).order_by("-pk")
    else:
        rows = (rows.filter(pk__gt=before) if before is not None else rows).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:most])


def _keys_by_words(
    rows: QuerySet[Pair], tsquery: str, before: int | None, after: int | None, most: int = PAGE + 1
) -> list[int]:
    """From the block of the first pair that the filters leave to that of the last, or backwards."""
    left = rows.filter(pk__lt=after) if after is not None else rows.filter(pk__gt=before or 0)
    ids = left.order_by("pk").values_list("pk", flat=True)
    lowest, highest = ids.first(), ids.last()
    if lowest is None or highest is None:
        return []
    blocks = range(words.block_of(lowest), words.block_of(highest) + 1)
    if after is not None:
        blocks = blocks[::-1]
    found: list[int] = []
    start, width = 0, 1
    while start < len(blocks) and len(found) < most:
        found += _keys(rows.filter(words.holding(tsquery, blocks[start : start + width])), before, after, most)
        start, width = start + width, 2 * width
    return found


def _page(keys: Iterable[int], before: int | None, after: int | None, *, partial: bool = False) -> PageOfPairs:
    ordered = sorted(set(keys))
    if after is not None:
        pairs = _read(ordered[-PAGE:])
        more = len(ordered) > PAGE
        return PageOfPairs(pairs, pairs[0].pk if more else None, pairs[-1].pk if pairs else None, partial)
    pairs = _read(ordered[:PAGE])
    newer = pairs[0].pk if before is not None and pairs else None
    return PageOfPairs(pairs, newer, pairs[-1].pk if len(ordered) > PAGE else None, partial)


def _read(keys: Sequence[int]) -> list[Pair]:
    """What a line shows, for the lines of the page alone."""
    return list(Pair.objects.filter(pk__in=keys).select_related("query", "item__current_snapshot").order_by("pk"))
