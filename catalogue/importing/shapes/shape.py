"""What a shape says of itself, and what it is given: the head of a file to recognise it by, then the whole to read.

A shape makes rows of what it reads; what it cannot make a row of is a `NoRow` with its place. Nothing is left out unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.functional import Promise

from catalogue.importing.meaning.presets import Preset
from catalogue.importing.reading.rows import Broken, Row

Path = tuple[str, ...]  # into a JSON document: names, and * for each element of a list


class NoRow(NamedTuple):
    """What is no row, where in the file it stands, and why not."""

    place: str
    reason: str
    said: Any = None


Made = Iterator["Mapping[str, Any] | NoRow"]


class Element(NamedTuple):
    """A value cut out of a document: `place` for people, `name` where it is not of a list, `raw` its bytes."""

    place: str
    name: str
    raw: bytes


@dataclass(frozen=True)
class DocumentShape:
    """One JSON document. `marks`: ways through it of which one is there; `wanted`: the values that become rows, by the
    end of their way. `rows` makes them of one element and what its bytes say."""

    preset: Preset
    marks: Sequence[Path]
    wanted: Sequence[Path]
    rows: Callable[[Element, Any], Made]
    lacks: str | Promise = ""


@dataclass(frozen=True)
class LineShape:
    """Lines of text. `recognised` is given the first ones, `rows` those and then all with their numbers."""

    preset: Preset
    recognised: Callable[[Sequence[str]], bool]
    rows: Callable[[Sequence[str], Iterator[tuple[int, str]]], Iterator[Row | Broken]]
    lacks: str | Promise = ""


@dataclass(frozen=True)
class RowShape:
    """Rows that say more than one thing. `recognised` is given the first ones; `rows` makes other rows of one. `meaning`: what
    columns mean that only this file has; `unclear`: what has to be said of them, when some are told. `calls_items`: the rows
    say what an item is called and no more, so that one which is there keeps what it says."""

    preset: Preset
    recognised: Callable[[Sequence[Mapping[str, Any]]], bool]
    rows: Callable[[Row], Made]
    lacks: str | Promise = ""
    meaning: Callable[[Collection[str]], dict[str, str]] = lambda _columns: {}
    unclear: Callable[[Collection[str], Mapping[str, str]], str] = lambda _columns, _told: ""
    calls_items: bool = False


Shape = DocumentShape | LineShape | RowShape
