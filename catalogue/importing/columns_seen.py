"""The columns of a file as its rows pass by: three values of each, also of those that first appear in later rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from catalogue.importing.meaning import guessing
from catalogue.importing.meaning.cells import at, shown
from catalogue.importing.meaning.presets import NAMES
from catalogue.importing.meaning.raters import RATING
from catalogue.importing.meaning.rest_of_columns import RestOfColumns
from catalogue.importing.reading.rows import Row
from catalogue.importing.report import EXAMPLES, MOST_COLUMNS, ColumnRead, ImportReport, cut

LOOKED_AT = 500  # rows with a column, after which it is taken to have no more values
MOST_NAME = 200


class ColumnSeen(NamedTuple):
    """A column that a row has, with a value that no row before it had."""

    name: str
    row: int
    value: str = ""


class ColumnsSeen:
    """Asked with each row, by the thread that reads. Of most rows it only finds that all their columns are known."""

    def __init__(self, report: ImportReport) -> None:
        self._examples = {column.name: list(column.examples) for column in report.columns}
        self._rows: dict[str, int] = {}
        self._settled = {name for name, examples in self._examples.items() if len(examples) >= EXAMPLES}
        self.left_out = False

    def look(self, row: Row) -> Iterable[ColumnSeen]:
        """What the row adds."""
        return () if row.values.keys() <= self._settled else self._news(row)

    def _news(self, row: Row) -> list[ColumnSeen]:
        found = []
        for name in (*row.values, *guessing.paths_of([row.values])):
            if name in self._settled:
                continue
            if name not in self._examples:
                if len(self._examples) >= MOST_COLUMNS or len(name) > MOST_NAME:
                    self.left_out = True
                    self._settle(name)
                    continue
                self._examples[name] = []
                found.append(ColumnSeen(name, row.number))
            found += self._value(name, row)
        return found

    def _value(self, name: str, row: Row) -> list[ColumnSeen]:
        examples = self._examples[name]
        self._rows[name] = self._rows.get(name, 0) + 1
        value = cut(shown(shortened(at(row.values, name))))
        new = bool(value) and value not in examples
        if new:
            examples.append(value)
        if len(examples) >= EXAMPLES or self._rows[name] >= LOOKED_AT:
            self._settle(name)
        return [ColumnSeen(name, row.number, value)] if new else []

    def _settle(self, name: str) -> None:
        # Without a bound a file with other names in every row would fill the memory.
        if len(self._settled) < 10 * MOST_COLUMNS:
            self._settled.add(name)


def shortened(value: Any) -> Any:
    """The beginning of a long list or object: more is not shown."""
    if isinstance(value, list | tuple):
        return list(value[:20])
    if isinstance(value, Mapping):
        return dict(list(value.items())[:20])
    return value


def add_to(
    report: ImportReport, seen: Iterable[ColumnSeen], meaning: Mapping[str, str], rest: RestOfColumns | None = None
) -> None:
    """What rows of one chunk added."""
    known = {column.name: column for column in report.columns}
    for name, row, value in seen:
        column = known.get(name)
        if column is None:
            means = becomes(name, meaning, rest)
            first = first_for(name, meaning, means)
            column = known[name] = ColumnRead(
                name=cut(name, MOST_NAME), becomes=means, row=row, after=cut(first, MOST_NAME)
            )
            report.columns.append(column)
        if value and len(column.examples) < EXAMPLES:
            column.examples.append(value)


def first_for(column: str, meaning: Mapping[str, str], field: str) -> str:
    """The column that is read before this one for the same field; of each rater's own columns there is none."""
    if field == RATING or field not in NAMES:
        return ""
    first = next((one for one, means in meaning.items() if means == field), column)
    return "" if first == column else first


def becomes(column: str, meaning: Mapping[str, str], rest: RestOfColumns | None = None) -> str:
    """The field of ours, or that parts of an object are read; else nothing. `rest`: what is read of all other columns."""
    within = f"{column}."
    if field := meaning.get(column):
        return field
    if any(one.startswith(within) for one in meaning):
        return "parts"
    return "attributes" if rest is not None and rest.takes(column) else ""
