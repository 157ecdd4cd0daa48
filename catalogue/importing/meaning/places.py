"""Where a row says what a field wants: in a column, or within the object that a column holds."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a field's value stands in a row: in a column, or by a path within one."""

    field: str
    column: str
    path: tuple[str, ...] = ()


def place_of(field: str, column: str, there: set[str]) -> Place | None:
    if column in there:
        return Place(field, column)
    path = tuple(column.split("."))
    return Place(field, column, path) if len(path) > 1 and path[0] in there else None
