"""Columns that nobody has said the meaning of and that look like raters: one that names who judged each row, or several that
hold the labels of one rater each. What to do with them a person says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from catalogue.importing.meaning import guessing
from catalogue.importing.meaning.cells import at, shown
from catalogue.importing.meaning.raters import RATER, RATING
from relevance.facts import normalise_query
from relevance.labels import SCALES, Scale, UnknownLabel

FEW = 7  # labels of a scale
LONGEST = 40  # characters of a label
_ALSO_OTHERS = {"user", "user_id", "username"}  # who searched

Rows = Sequence[Mapping[str, Any]]


def who_judged(rows: Rows, columns: Sequence[str], meaning: Mapping[str, str]) -> str:
    """The column that looks like who judged, while none is said to name the rater: by its name, or where one pair bears several
    labels, by its values. `meaning` of a column that somebody has left out is empty.

    A name alone is enough: the first rows of a file that is sorted by its raters are one rater's.
    """
    meant = {meaning.get(column) for column in columns}
    if RATER in meant or "label" not in meant:
        return ""
    unsaid = [column for column in columns if column not in meaning]
    called = [column for column in unsaid if guessing.called(column, RATER)]
    if sure := [column for column in called if column not in _ALSO_OTHERS and any(_plain(row, column) for row in rows)]:
        return sure[0]
    disputed = _disputed(rows, meaning)
    if disputed and called:
        return called[0]
    return min(_like_raters(disputed, unsaid), default=(0, ""))[1] if disputed else ""


def one_rater_each(rows: Rows, columns: Sequence[str], meaning: Mapping[str, str]) -> list[str]:
    """The columns that hold the same few values, as those of one rater each do; none where it is said who judged."""
    if {RATER, RATING, "ratings"} & {meaning.get(column) for column in columns}:
        return []
    unsaid = [column for column in columns if column not in meaning and not guessing.is_called(column)]
    held = {column: values for column in unsaid if (values := _few(rows, column))}
    alike = [column for column in held if any(_alike(held[column], held[one]) for one in held if one != column)]
    return alike if len(set[str]().union(*(held[column] for column in alike))) <= FEW else []


def _disputed(rows: Rows, meaning: Mapping[str, str]) -> list[list[Mapping[str, Any]]]:
    """The rows of each pair that has several, where at least one has several labels."""
    by_pair: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if _text(row, meaning, "label"):
            query = normalise_query(_text(row, meaning, "query"))
            by_pair[query, _text(row, meaning, "locale"), _text(row, meaning, "item_id")].append(row)
    several = [those for those in by_pair.values() if len(those) > 1]
    differ = any(len({_text(row, meaning, "label") for row in those}) > 1 for those in several)
    return several if differ else []


def _like_raters(disputed: Sequence[Rows], columns: Iterable[str]) -> Iterator[tuple[int, str]]:
    """How many values it has and its name, of each column with few values, each of them in several pairs and once in each."""
    for column in columns:
        said = [[_plain(row, column) for row in those] for those in disputed]
        values = {value for those in said for value in those}
        once = all(len(set(those)) == len(those) for those in said)
        if once and "" not in values and 3 * len(values) <= 2 * sum(map(len, said)):
            yield len(values), column


def _few(rows: Rows, column: str) -> set[str]:
    """The values of a column where they are few and short, else none."""
    values: set[str] = set()
    for row in rows:
        if text := _plain(row, column):
            values.add(text)
            if len(values) > FEW or len(text) > LONGEST:
                return set()
    return values


def _alike(some: set[str], others: set[str]) -> bool:
    """Whether they share a value, or all are labels of one scale."""
    return bool(some & others) or any(_are_labels(some | others, scale) for scale in SCALES.values())


def _are_labels(values: Iterable[str], scale: Scale) -> bool:
    try:
        return all(scale.parse(value) for value in values)
    except UnknownLabel:
        return False


def _text(row: Mapping[str, Any], meaning: Mapping[str, str], field: str) -> str:
    """What the first of its columns that has a value says of a field."""
    said = (_plain(row, column) for column, meant in meaning.items() if meant == field)
    return next((text for text in said if text), "")


def _plain(row: Mapping[str, Any], column: str) -> str:
    value = at(row, column)
    return "" if value is None else shown(value).strip()
