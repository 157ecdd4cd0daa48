"""Which shapes there are, which one the beginning of a file has, and the file's rows by it.

A shape that is asked for by name must be the one that the file has; with none asked for, its structure decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from typing import Any

import orjson
from django.utils.translation import gettext as _

from catalogue.importing.meaning.presets import Preset
from catalogue.importing.reading import json_rows
from catalogue.importing.reading.readers import Broken, FileRefused, Format, Row, RowReader
from catalogue.importing.reading.rows import digest, shown
from catalogue.importing.reasons import at
from catalogue.importing.shapes import (
    argilla,
    json_documents,
    judgment_lists,
    label_studio,
    own_exports,
    quepid,
    rated_ranking,
    trec,
    workbench,
)
from catalogue.importing.shapes.shape import DocumentShape, Element, LineShape, Made, NoRow, RowShape, Shape

FIRST_ROWS = 20
FIRST_BYTES = 2 << 10
_DOCUMENTS = (quepid.BOOK, quepid.CASE, workbench.JUDGMENTS, rated_ranking.RATINGS)
_LINES = (judgment_lists.LIST, trec.QRELS, trec.TEXTS)
_ROWS = (
    own_exports.LABELS,
    own_exports.TABLE,
    quepid.BOOK_TABLE,
    label_studio.TASKS,
    label_studio.TABLE,
    argilla.RECORDS,
)
_TABLES = (quepid.RATINGS, quepid.DETAILED, quepid.SNAPSHOT, workbench.FLAT)  # of pairs, with columns of their own
SHAPES: Mapping[str, Shape] = {one.preset.name: one for one in (*_DOCUMENTS, *_LINES, *_ROWS)}


NAMES = frozenset(SHAPES) | {preset.name for preset in _TABLES}


def presets() -> Iterator[Preset]:
    """What the columns of each mean, for the one list that people choose from."""
    yield from (shape.preset for shape in SHAPES.values())
    yield from _TABLES


def asked(preset: str) -> str | None:
    """By which shape a file is read where this preset was named: its own; none, in ""; without a name as it shows."""
    return None if not preset else preset if preset in SHAPES else ""


def lacking(name: str) -> str:
    """What such a file does not hold, where it cannot be imported as it was asked."""
    what = SHAPES[name].preset.description
    return str(SHAPES[name].lacks) or _("The file cannot be imported so; it looks like this: %(what)s.") % {
        "what": what
    }


def meaning(name: str, columns: Collection[str]) -> dict[str, str]:
    """What columns mean that only this file of the shape has."""
    shape = SHAPES.get(name)
    return shape.meaning(columns) if isinstance(shape, RowShape) else {}


def unclear(name: str, columns: Collection[str], told: Mapping[str, str]) -> str:
    """What has to be said of the columns of a file of the shape; empty where nothing has."""
    shape = SHAPES.get(name)
    return shape.unclear(columns, told) if isinstance(shape, RowShape) else ""


def calls_items(name: str) -> bool:
    """Whether rows of the shape say what an item is called and no more."""
    shape = SHAPES.get(name)
    return isinstance(shape, RowShape) and shape.calls_items


class ShapedRows:
    """The rows of a file by the shape that it has, or as they stand. `shape` is known once the first row was asked for."""

    def __init__(self, reader: RowReader, asked: str | None = None) -> None:
        self._reader, self._asked = reader, asked
        self.shape: Shape | None = None

    def __iter__(self) -> Iterator[Row | Broken]:
        self.shape = None if self._asked == "" else _of_head(self._reader)
        if self.shape is not None:
            self._must_be(self.shape)
            yield from self._reader.capped(_shaped(self._reader, self.shape))
            return
        rows = iter(self._reader)
        first = _first(rows) if self._asked != "" else []
        self.shape = _of_rows(first) if first else None
        self._must_be(self.shape)
        everything = chain(first, rows)
        yield from self._reader.capped(_respread(everything, self.shape)) if self.shape else everything

    def _must_be(self, found: Shape | None) -> None:
        if self._asked and (found is None or found.preset.name != self._asked):
            what = SHAPES[self._asked].preset
            reason = _("The file is not what the preset %(name)s is for: %(what)s.")
            raise FileRefused(reason % {"name": what.name, "what": what.description})


def _of_head(reader: RowReader) -> Shape | None:
    """By its first bytes: a document, or lines that are no table."""
    head = reader.head
    if reader.format in (Format.JSON, Format.JSONL):
        ways = json_documents.ways(head)
        return next((one for one in _DOCUMENTS if any(_leads(way, ways) for way in one.marks)), None)
    if reader.format is Format.CSV:
        lines = _first_lines(head)
        return next((one for one in _LINES if lines and one.recognised(lines)), None)
    return None


def _leads(mark: Sequence[str], ways: set[tuple[str, ...]]) -> bool:
    return any(json_documents.ends_in(way, tuple(mark)) for way in ways)


def _first_lines(head: bytes) -> list[str]:
    """Those that are there to their end."""
    *whole, last = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n")
    return whole or [last]


def _first(rows: Iterator[Row | Broken]) -> list[Row | Broken]:
    """Enough of them to tell by, and no more memory than one more would take."""
    first: list[Row | Broken] = []
    for row in islice(rows, FIRST_ROWS):
        first.append(row)
        if sum(one.size for one in first if isinstance(one, Row)) > FIRST_BYTES:
            break
    return first


def _of_rows(first: Sequence[Row | Broken]) -> Shape | None:
    rows = [row.values for row in first if isinstance(row, Row)]
    return next((one for one in _ROWS if rows and one.recognised(rows)), None)


def _shaped(reader: RowReader, shape: Shape) -> Iterator[Row | Broken]:
    if isinstance(shape, LineShape):
        yield from shape.rows(_first_lines(reader.head), _texts(reader))
    elif isinstance(shape, DocumentShape):
        numbers = count(1)
        for element in json_documents.elements(reader.pieces(), shape.wanted, reader.limits.line_bytes):
            yield from _of_element(shape, element, numbers)


def _texts(reader: RowReader) -> Iterator[tuple[int, str]]:
    for number, line in reader.lines():
        if line is None:
            raise FileRefused(_("Line %(line)s is too long.") % {"line": number})
        yield number, line.decode("utf-8", "surrogateescape")


def _of_element(shape: DocumentShape, element: Element, numbers: Iterator[int]) -> Iterator[Row | Broken]:
    value = json_rows.value(element.raw)
    if isinstance(value, Broken):
        yield value._replace(number=next(numbers), reason=at(element.place, value.reason))
        return
    yield from _numbered(shape.rows(element, value), numbers)


def _respread(rows: Iterator[Row | Broken], shape: Shape) -> Iterator[Row | Broken]:
    """A row may make several: they are numbered as they come."""
    assert isinstance(shape, RowShape)
    numbers = count(1)
    for row in rows:
        if isinstance(row, Broken):
            yield row._replace(number=next(numbers))
            continue
        for made in _numbered(shape.rows(row), numbers):
            yield made._replace(sha256=row.sha256)


def _numbered(made: Made, numbers: Iterator[int]) -> Iterator[Row | Broken]:
    for one in made:
        number = next(numbers)
        if isinstance(one, NoRow):
            said = _said(one.said)
            yield Broken(number, at(one.place, one.reason) if one.place else one.reason, shown(said), digest(said))
        else:
            said = _said(one)
            yield Row(number, one, len(said), digest(said))


def _said(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except (orjson.JSONEncodeError, RecursionError):  # lone surrogates, which a row may hold until it is cleaned
        return repr(value).encode("utf-8", "backslashreplace")
