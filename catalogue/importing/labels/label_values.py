"""Which values the labels of a file have, and how often each: of the whole file, before a row of it is stored.

Knows no scale. What they become is agreed in `label_consent`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing.meaning import predictions
from catalogue.importing.meaning.cells import at, shown, value_key
from catalogue.importing.meaning.raters import RATING, rating_labels
from catalogue.importing.opening import ImportFile, ImportRows
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.rows import Broken, FileRefused, Row, RowRefused
from relevance.sanitising import storable

PREDICTED = ("prediction", "posterior", "predictions")
LABEL_FIELDS = ("label", RATING, "ratings", *PREDICTED)
MOST_VALUES = 200  # different ones: a column of more holds no labels
LONGEST = 100
_EVERY = 1000  # rows between two looks at the clock


class ScaleUnclear(ValueError):
    """The scale of the file's labels cannot be told, or is not the project's; the message says what to do."""


@dataclass
class LabelValues:
    """Of each value how often it came, and how it was first written; `scales`: those that labelled rows say they are in,
    with "" for a row that says none; `named`: those that any row says. `whole`: of every row of the file."""

    counts: Counter[str] = field(default_factory=Counter)
    written: dict[str, str] = field(default_factory=dict)
    scales: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    whole: bool = True

    @classmethod
    def again(cls, counts: Mapping[str, int]) -> LabelValues:
        """What was counted before, by the values as they were written; which scale the rows named is no longer known."""
        found = cls()
        for written, count in counts.items():
            found.add(written)
            found.counts[value_key(written)] = count
        return found

    def add(self, value: Any) -> bool:
        """False for nothing."""
        key = value_key(value)
        if not key:
            return False
        self.counts[key] += 1
        if key not in self.written:
            if len(self.written) >= MOST_VALUES:
                raise ScaleUnclear(self._too_many())
            self.written[key] = storable(shown(value)).strip()[:LONGEST]
        return True

    def _too_many(self) -> str:
        shown = ", ".join([*self.written.values()][:3])
        reason = _(
            "What is said to be labels has more than %(most)s different values, such as %(shown)s: these are no labels."
        )
        return reason % {"most": MOST_VALUES, "shown": shown}


def count_in(
    parts: Sequence[ImportFile],
    meaning: Mapping[str, str],
    limits: Limits = UPLOAD,
    *,
    seconds: float | None = None,
    shape: str | None = None,
) -> LabelValues:
    """Of the files of an import, from their beginning, where they are afterwards; without a column of labels none is read."""
    if not label_columns(meaning):
        return LabelValues()
    for part in parts:
        part.file.seek(0)
    found = count(ImportRows(parts, limits, shape, alone=True), meaning, seconds=seconds)
    for part in parts:
        part.file.seek(0)
    return found


def count(rows: Iterable[Row | Broken], meaning: Mapping[str, str], *, seconds: float | None = None) -> LabelValues:
    """Of all rows that can be read, or of those that are within so many seconds. Raises ScaleUnclear for what are no labels."""
    found, columns = LabelValues(), _columns(meaning)
    outermost = {part for wanted in columns.values() for column in wanted for part in (column, column.split(".")[0])}
    until = None if seconds is None else time.monotonic() + seconds
    for number, row in enumerate(_readable(rows), 1):
        if isinstance(row, Row) and not outermost.isdisjoint(row.values):
            _take(found, row.values, columns)
        if until is not None and number % _EVERY == 0 and time.monotonic() > until:
            found.whole = False
            break
    return found


def _readable(rows: Iterable[Row | Broken]) -> Iterator[Row | Broken]:
    """A file that breaks off is imported up to there."""
    with suppress(FileRefused):
        yield from rows


def _columns(meaning: Mapping[str, str]) -> dict[str, list[str]]:
    wanted = (*LABEL_FIELDS, "label_scale")
    return {field: [column for column, meant in meaning.items() if meant == field] for field in wanted}


def label_columns(meaning: Mapping[str, str]) -> list[str]:
    return [column for column, field in meaning.items() if field in LABEL_FIELDS]


def _take(found: LabelValues, values: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> None:
    in_columns = (at(values, column) for column in columns[RATING])
    predicted = predictions.labels_of({field: _first(values, columns[field]) for field in PREDICTED if columns[field]})
    given = [_first(values, columns["label"]), *in_columns, *_rated(_first(values, columns["ratings"])), *predicted]
    labelled = [found.add(value) for value in given]
    scale = storable(shown(_first(values, columns["label_scale"]))).strip()
    if scale:
        found.named.add(scale)
    if any(labelled):
        found.scales.add(scale)


def _first(values: Mapping[str, Any], columns: Sequence[str]) -> Any:
    """Of several columns for one field the first that says something counts, as in the import itself."""
    for column in columns:
        value = at(values, column)
        if value not in (None, ""):
            return value
    return None


def _rated(value: Any) -> Iterator[Any]:
    try:
        yield from (label for _rater, label in rating_labels(value))
    except RowRefused:  # which the import lists
        return
