"""Who said a row's labels. A label is the final one, gold, unless it is a rater's: in long form a column names who judged the
row, in wide form each rater has a column of their own, else one cell holds them all. No database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from catalogue.importing.cells import plain, structured, value_key
from catalogue.importing.reasons import because
from catalogue.importing.rows import RowRefused
from relevance.sanitising import sanitise

RATER = "rater"
RATER_LATER = "rater_later"  # a column that the first rows lack: who judged the rows that have it
RATING = "rating"
LONGEST_NAME = 80
_RATINGS = frozenset({"ratings", RATING, RATER_LATER})

Named = tuple[tuple[str, str], ...]


class SaidLabels(NamedTuple):
    """The final label of a row, and of each rater theirs."""

    final: str
    ratings: Named


class RaterReader:
    """Made once per file. `columns` are those of each field of ours, `label` reads a label's value for a field."""

    def __init__(self, columns: Mapping[str, Sequence[str]], label: Callable[[Any, str], str]) -> None:
        self._long, self._alone = RATER in columns, RATING in columns
        self._label = label

    def read(self, values: Mapping[str, Any]) -> SaidLabels:
        """`values`: of each field, of `rating` the value in each of its columns. Raises RowRefused."""
        if not self._long and _RATINGS.isdisjoint(values):
            return SaidLabels(self._label(values.get("label"), "label"), ())
        ratings = [("ratings", *one) for one in rating_labels(values.get("ratings"))]
        final, in_columns = values.get("label"), values.get(RATING) or {}
        rater = values.get(RATER, values.get(RATER_LATER))
        if not self._long and _blank(rater):
            ratings += [(RATING, column, label) for column, label in in_columns.items()]
        elif self._alone:
            ratings += self._of_the_row(
                values.get(RATER) or values.get(RATER_LATER), next(iter(in_columns.values()), None), RATING, final
            )
        else:
            ratings += self._of_the_row(rater, final, "label", None)
            final = None
        return SaidLabels(self._label(final, "label"), self._ratings(ratings))

    def _of_the_row(self, rater: Any, label: Any, field: str, final: Any) -> Iterator[tuple[str, Any, Any]]:
        """What the rater of a row in long form said. A row that says the final label alone needs no rater."""
        if _blank(rater) and (not _blank(label) or _blank(final)):
            raise RowRefused(RATER, because("missing: nobody can tell whose label it is"))
        if not _blank(label):
            yield field, plain(rater), label

    def _ratings(self, said: Sequence[tuple[str, Any, Any]]) -> Named:
        """A rater who contradicts themselves makes the row unreadable."""
        ratings: dict[str, str] = {}
        for field, rater, given in said:
            name, label = sanitise(str(rater).strip())[0], self._label(given, field)
            if not label and value_key(given):  # which is agreed to be no label
                continue
            if not name or len(name) > LONGEST_NAME or (not label and field != RATING):
                raise RowRefused(field, because("each rating needs a rater (80 characters at most) and a label"))
            if label and ratings.setdefault(name, label) != label:
                raise RowRefused(field, because("rater %(name)s gives two labels") % {"name": name})
        return tuple(ratings.items())


def rating_labels(value: Any) -> Iterator[tuple[Any, Any]]:
    """(rater, label as given) of each rating: a list of {rater, label}, or an object of rater to label."""
    value = structured(value)
    if value is None:
        return
    if isinstance(value, Mapping):
        yield from value.items()
        return
    for rating in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(rating, Mapping):
            raise RowRefused("ratings", because("each rating needs a rater (80 characters at most) and a label"))
        rater = rating.get("rater")
        yield "" if rater is None else rater, rating.get("label")


def unclear(meaning: Mapping[str, str]) -> str:
    """Why columns cannot mean this together; empty where they can."""
    alone = [column for column, field in meaning.items() if field == RATING]
    if RATER in meaning.values() and len(alone) > 1:
        return _("Where a column says who judged, only one column can hold that rater's label; here are several: %(names)s.") % {
            "names": ", ".join(alone)[:300]
        }  # fmt: skip
    return ""


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
