"""Who said a row's labels. A label is the final one, gold, unless it is a rater's: in long form a column names who judged the
row, in wide form each rater has a column of their own, else one cell holds them all. No database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from unicodedata import normalize

from django.utils.translation import gettext as _

from catalogue.importing.meaning.cells import plain, shown, structured, value_key
from catalogue.importing.reading.rows import RowRefused
from catalogue.importing.reasons import because
from relevance.dimensions import Dimension
from relevance.sanitising import sanitise

RATER = "rater"
RATER_LATER = "rater_later"  # a column that the first rows lack: who judged the rows that have it
RATING = "rating"
LONGEST_NAME = 80
MOST_RULES = 20
_BARE = frozenset({"rater", "label"})
_MODES = frozenset({"", "blind", "facts", "reveal", "assist"})
_DIMENSIONS = frozenset({"", *(dimension.value for dimension in Dimension)})
_RATINGS = frozenset({"ratings", RATING, RATER_LATER})

Named = tuple[tuple[str, str], ...]


class Rating(NamedTuple):
    """What one rater said, and what a file that knows more tells of it: as our own exports do. Either a label, or the outcome
    that there is none. `mode`: what the rater had in view. `rules`: which they cited, as `R-001 v1`."""

    rater: str
    label: str
    outcome: str = "label"
    mismatch: str = ""
    note: str = ""
    mode: str = ""
    late: bool = False
    no_rule_fits: bool = False
    rules: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """As one text, for whether it is news: the label alone where there is no more. Which rules it cites is none."""
        return self.label if self[2:8] == _PLAIN else repr(self[1:8])


_PLAIN = Rating("", "")[2:8]


class SaidLabels(NamedTuple):
    """The final label of a row, and what each rater said."""

    final: str
    ratings: tuple[Rating, ...]


class RaterReader:
    """Made once per file. `columns` are those of each field of ours, `label` reads a label's value for a field."""

    def __init__(self, columns: Mapping[str, Sequence[str]], label: Callable[[Any, str], str]) -> None:
        self._long, self._alone = RATER in columns, RATING in columns
        self._label = label

    def read(self, values: Mapping[str, Any]) -> SaidLabels:
        """`values`: of each field, of `rating` the value in each of its columns. Raises RowRefused."""
        if not self._long and _RATINGS.isdisjoint(values):
            return SaidLabels(self._label(values.get("label"), "label"), ())
        ratings = [("ratings", *one) for one in _ratings_of(values.get("ratings"))]
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

    def _ratings(self, said: Sequence[tuple[str, Any, Any]]) -> tuple[Rating, ...]:
        """A rater who contradicts themselves makes the row unreadable."""
        ratings: dict[str, Rating] = {}
        for field, rater, given in said:
            rating = self._rating(rater, given, field)
            if rating is None:
                continue
            if rating.label or rating.outcome != "label":
                if ratings.setdefault(rating.rater, rating).label != rating.label:
                    raise RowRefused(field, because("rater %(name)s gives two labels") % {"name": rating.rater})
            elif field != RATING:
                raise _incomplete(field)
        return tuple(ratings.values())

    def _rating(self, rater: Any, given: Any, field: str) -> Rating | None:
        """None where its value is agreed to be no label."""
        value = given.get("label") if isinstance(given, Mapping) else given
        name, label = normalize("NFC", sanitise(shown(rater).strip())[0]), self._label(value, field)
        if not label and value_key(value):
            return None
        if not name or len(name) > LONGEST_NAME:
            raise _incomplete(field)
        return _detailed(name, label, given) if isinstance(given, Mapping) else Rating(name, label)


def _detailed(name: str, label: str, said: Mapping[str, Any]) -> Rating:
    if said.keys() <= _BARE:
        return Rating(name, label)
    cited, outcome = said.get("rules_cited") or (), _text(said, "outcome") or "label"
    wrong = (
        outcome not in ("label", "cannot_tell")
        or (outcome == "label") != bool(label)
        or _text(said, "mismatch") not in _DIMENSIONS
        or _text(said, "mode") not in _MODES
        or not isinstance(cited, list | tuple)
    )
    if wrong:
        raise RowRefused("ratings", because("what rater %(name)s said cannot be read") % {"name": name})
    return Rating(
        name,
        label,
        outcome,
        _text(said, "mismatch"),
        sanitise(_text(said, "note"))[0],
        _text(said, "mode"),
        said.get("late") is True,
        said.get("no_rule_fits") is True,
        tuple(sanitise(plain(rule).strip())[0][:80] for rule in cited[:MOST_RULES]),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None else plain(value).strip()


def _incomplete(field: str) -> RowRefused:
    return RowRefused(field, because("each rating needs a rater (80 characters at most) and a label"))


def rating_labels(value: Any) -> Iterator[tuple[Any, Any]]:
    """(rater, label as given) of each rating: a list of {rater, label}, or an object of rater to label."""
    for rater, given in _ratings_of(value):
        yield rater, given.get("label") if isinstance(given, Mapping) else given


def _ratings_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """The same, with all that is told of a rating where it is an object."""
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
        yield "" if rater is None else rater, rating


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
