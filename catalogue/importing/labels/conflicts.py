"""Labels of a file that contradict what stands: found by who knows what stands (storing.chunk_stored), kept and told here.

Of gold the stronger ground stands, adjudication before import before consensus; of two imports, of two rows of a file and of
two labels of one rater the earlier. So importing a file again changes nothing, and lists its conflicts again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from catalogue.models import Import, LabelConflict
from database.statements import copy

FIRST = 20
COLUMNS = (
    "row",
    "query",
    "locale",
    "item",
    "rater",
    "said",
    "said_mismatch",
    "met",
    "met_mismatch",
    "ground",
    "stands",
)


class Conflict(NamedTuple):
    """`said` in the row of the pair, by a rater or as gold; `met` there, on its ground and from which import."""

    row: int
    pair: int
    rater: str
    said: str
    said_mismatch: str
    met: str
    met_mismatch: str
    ground: str
    earlier: int | None


class ToldConflict(NamedTuple):
    """One line of the list that is downloaded."""

    row: int
    query: str
    locale: str
    item: str
    rater: str
    said: str
    said_mismatch: str
    met: str
    met_mismatch: str
    ground: str
    stands: str


def keep(batch: Import, found: Sequence[Conflict]) -> None:
    if found:
        batch_id = batch.pk
        copy(
            "catalogue_labelconflict",
            "batch_id, row, pair_id, rater, said, said_mismatch, met, met_mismatch, ground, earlier_id",
            ((batch_id, *one) for one in found),
        )


def listed(batch: Import) -> QuerySet[LabelConflict]:
    found = LabelConflict.objects.filter(batch=batch).order_by("row", "pk")
    return found.select_related("pair__query", "pair__item")


def first(batch: Import) -> list[LabelConflict]:
    return list(listed(batch)[:FIRST])


def told(batch: Import) -> Iterator[ToldConflict]:
    """All of them, streamed."""
    for one in listed(batch).iterator(chunk_size=2000):
        query, item = one.pair.query, one.pair.item
        yield ToldConflict(
            one.row, query.text, query.locale, item.external_id, one.rater, one.said, one.said_mismatch, one.met,
            one.met_mismatch, one.ground, one.stands,
        )  # fmt: skip
