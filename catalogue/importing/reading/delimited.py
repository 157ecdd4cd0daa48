"""Delimited text as rows: delimiter and quoting are found in the head of the file, and each row is held against them.

Takes lines with their numbers, gives `Row` and `Broken`, numbered from 1. A stray quote costs its own line and never
those after it; what can be read in two ways is refused. Knows no file, no gzip and no other format.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import count
from typing import NamedTuple, NoReturn

from django.utils.translation import gettext as _

from catalogue.importing.reading.encodings import odd_bytes, why_odd
from catalogue.importing.reading.header_line import HeaderOverLines, goes_on, names_in, without_columns
from catalogue.importing.reading.limits import Limits
from catalogue.importing.reading.read_as import UNSAID, ReadAs
from catalogue.importing.reading.rows import Broken, FileRefused, Row, digest, shown
from catalogue.importing.reasons import because, in_words
from relevance.sanitising import storable

DELIMITERS = (",", "\t", ";", "|")
HEAD_BYTES = 1 << 20
QUOTED_BYTES = 256 << 10  # that a row may go on after its first line; no field may hold more than a quarter of it
CERTAIN_LINES = 8  # each as wide as the table: these are rows, and no text within a cell
AGAIN_LINES = 1 << 20  # read twice, beyond twice as many as the file has so far
NOTHING = frozenset({"nan", "NaN", "None", "NULL", "N/A"})  # what programs write into a cell that holds nothing
_SEP_LINE = re.compile(r'"?sep=([,;|\t])"?')
_CELL = {
    one: re.compile(rf'(?:"(?:[^"]++|"")*+"(?=[{re.escape(one)}]|$)|[^{re.escape(one)}]*+)(?:[{re.escape(one)}]|$)')
    for one in DELIMITERS
}

NumberedLine = tuple[int, bytes | None]


class FaultKind(Enum):
    TOO_LONG = auto()
    CELLS = auto()
    QUOTE = auto()
    TWO_WAYS = auto()
    LINE_END = auto()
    BEYOND = auto()


class Fault(NamedTuple):
    why: FaultKind
    line: int
    last: int = 0
    cells: int = 0


class Dialect(NamedTuple):
    """`beyond`: columns after the last that has a name; they hold nothing."""

    delimiter: str
    names: tuple[str, ...]
    beyond: int = 0
    quoted: bool = True

    def told(self) -> str:
        """How the file is read, for whoever confirms it."""
        said = {"sign": _signs([self])}
        if self.quoted:
            return _("Its cells are divided by: %(sign)s. A cell may stand in quotes.") % said
        return _("Its cells are divided by: %(sign)s. Quotes are part of the texts.") % said


class GivenLines(Iterator[NumberedLine]):
    """Lines that can be looked at beforehand and given back."""

    def __init__(self, lines: Iterator[NumberedLine]) -> None:
        self._lines = lines
        self._waiting: deque[NumberedLine] = deque()
        self._trouble: Exception | None = None
        self._again = 0

    def __next__(self) -> NumberedLine:
        if self._waiting:
            return self._waiting.popleft()
        if self._trouble is not None:
            raise self._trouble
        return next(self._lines)

    def head(self) -> list[NumberedLine]:
        """The first lines, which stay to be read. What breaks off among them breaks off in its turn."""
        size = 0
        try:
            while size < HEAD_BYTES and (line := next(self._lines, None)) is not None:
                self._waiting.append(line)
                size += len(line[1] or b"")
        except Exception as trouble:  # of gzip or of a cap; it is raised once the lines before it were read
            self._trouble = trouble
        return list(self._waiting)

    def give_back(self, lines: Sequence[NumberedLine]) -> None:
        """Raises FileRefused where a file makes us read its lines over and over."""
        # Without the bound, quotes made for it would have each line read a thousand times.
        self._again += len(lines)
        if lines and self._again > AGAIN_LINES + 2 * lines[-1][0]:
            raise FileRefused(_("Too many quotes of the file are never closed."))
        self._waiting.extendleft(reversed(lines))


class DelimitedTable:
    """Records of a table whose dialect is known: cells, or the fault, each with its bytes. `odd`: that which was given last
    has bytes that are no UTF-8."""

    def __init__(self, lines: GivenLines, dialect: Dialect) -> None:
        self._lines, self._dialect = lines, dialect
        self._width = len(dialect.names)
        self._blank_before = re.compile(rf'(?:^|{re.escape(dialect.delimiter)}) +"(?!")')
        self.odd = False

    def __iter__(self) -> Iterator[tuple[list[str] | Fault, bytes]]:
        delimiter, quoted, width = self._dialect.delimiter, self._dialect.quoted, self._width
        for number, line in self._lines:
            if line is None:
                yield Fault(FaultKind.TOO_LONG, number), b""
                continue
            try:
                text = line.decode()
                self.odd = False
            except UnicodeDecodeError:
                text = line.decode("utf-8", "surrogateescape")
                self.odd = True
            if quoted and '"' in text:
                yield self._with_quotes(number, line, text)
                continue
            text = text.rstrip("\r\n")
            cells = text.split(delimiter)
            if "\r" in text:
                yield Fault(FaultKind.LINE_END, number), line
            elif len(cells) == width:
                yield cells, line
            elif text.strip(" "):  # a blank line is no row
                yield self._held(cells, number), line

    def _held(self, cells: list[str], number: int) -> list[str] | Fault:
        """Cells for all names and none with a text beyond them."""
        width = self._width
        if not width <= len(cells) <= width + self._dialect.beyond:
            return Fault(FaultKind.CELLS, number, cells=len(cells))
        return Fault(FaultKind.BEYOND, number) if any(cells[width:]) else cells[:width]

    def _with_quotes(self, number: int, line: bytes, text: str) -> tuple[list[str] | Fault, bytes]:
        try:
            cells = next(csv.reader((text,), delimiter=self._dialect.delimiter, strict=True))
        except csv.Error:
            return self._over_lines(number, line)
        # Without this `"mug", "12"` would be the item `"12"`, quotes and all, beside an item 12.
        if any(cell[:1] == " " and cell.lstrip(" ")[:1] == '"' for cell in cells) and self._blank_before.search(text):
            return Fault(FaultKind.QUOTE, number), line
        return self._held(cells, number), line

    def _over_lines(self, number: int, line: bytes) -> tuple[list[str] | Fault, bytes]:
        """A row that goes on in the lines below, if it does; else a fault, and the lines below are read as they stand."""
        taken: list[tuple[int, bytes]] = [(number, line)]
        try:
            cells = next(csv.reader(self._following(taken), delimiter=self._dialect.delimiter, strict=True))
        except csv.Error:
            self._lines.give_back(taken[1:])
            return Fault(FaultKind.QUOTE, number), line
        whole = b"".join(one for _number, one in taken)
        return self._decided(taken, whole, cells)

    def _following(self, taken: list[tuple[int, bytes]]) -> Iterator[str]:
        """The first line and those after it, as csv asks for them."""
        yield taken[0][1].decode("utf-8", "surrogateescape")
        size = 0
        for number, line in self._lines:
            if line is None or size > QUOTED_BYTES:
                self._lines.give_back([(number, line)])
                return
            size += len(line)
            taken.append((number, line))
            yield line.decode("utf-8", "surrogateescape")

    def _decided(
        self, taken: list[tuple[int, bytes]], whole: bytes, cells: list[str]
    ) -> tuple[list[str] | Fault, bytes]:
        """One row with breaks in a cell, or several rows and two stray quotes: by how wide each line is alone."""
        number, last = taken[0][0], taken[-1][0]
        held = self._held(cells, number)
        self.odd = bool(odd_bytes(whole))
        texts = [line.decode("utf-8", "surrogateescape").rstrip("\r\n") for _number, line in taken]
        alone = [self._cells_alone(text) for text in texts]
        if self._rows_alone(alone, texts):
            self._lines.give_back(taken[1:])
            return Fault(FaultKind.QUOTE, number), taken[0][1]
        if isinstance(held, Fault):
            if sum(one == self._width for one in alone[1:]) * 2 > len(alone):
                self._lines.give_back(taken[1:])
                return Fault(FaultKind.QUOTE, number), taken[0][1]
            return held, whole
        if self._two_ways(alone) and not self._all_quoted(whole, cells):
            return Fault(FaultKind.TWO_WAYS, number, last), whole
        return held, whole

    def _cells_alone(self, text: str) -> int:
        found = _CELL[self._dialect.delimiter].findall(text)
        return len(found) - (not found[-1] and not text.endswith(self._dialect.delimiter))

    def _rows_alone(self, alone: list[int], texts: list[str]) -> bool:
        """So many lines as wide as the table that they are rows beyond doubt."""
        wide = [cells == self._width for cells, text in zip(alone, texts, strict=True) if text.strip()]
        return len(wide) >= CERTAIN_LINES and sum(wide) >= len(wide) * 0.9

    def _two_ways(self, alone: list[int]) -> bool:
        ends = min(alone[0], alone[-1]) >= self._width
        return ends or any(cells == self._width for cells in alone[1:-1])

    def _all_quoted(self, whole: bytes, cells: list[str]) -> bool:
        """Rows whose every cell is quoted cannot swallow one another: a quote of the next would stand before a text."""
        quote = '"'
        written = self._dialect.delimiter.join(f'"{cell.replace(quote, quote * 2)}"' for cell in cells)
        return whole.decode("utf-8", "surrogateescape").rstrip("\r\n") == written.rstrip("\r\n")


def rows(lines: GivenLines, dialect: Dialect, reading: ReadAs = UNSAID) -> Iterator[Row | Broken]:
    """Of the lines below the header."""
    names, numbers, table = dialect.names, count(1), DelimitedTable(lines, dialect)
    names_as_written = list(names)
    for (cells, said), number in zip(table, numbers):  # noqa: B905  # the numbers have no end
        if isinstance(cells, Fault):
            yield Broken(number, _reason(cells, dialect), shown(said), digest(said))
            continue
        if table.odd and not reading.replace:
            yield Broken(number, why_odd(said, reading), shown(said), digest(said))
            continue
        if cells == names_as_written:
            yield Broken(number, because("the names of the columns again"), shown(said), digest(said))
            continue
        if not NOTHING.isdisjoint(cells):
            cells = ["" if cell in NOTHING else cell for cell in cells]
        replaced = odd_bytes(said) if table.odd else 0
        yield Row(number, dict(zip(names, cells, strict=True)), len(said), digest(said), replaced=replaced)


def find(lines: GivenLines, limits: Limits, reading: ReadAs = UNSAID) -> Dialect:
    """The dialect of the file, by its whole head; raises FileRefused. The header is read, the rows are left."""
    csv.field_size_limit(limits.line_bytes)
    lines.head()
    first = _first(lines)
    if first != storable(first):
        if not reading.replace:
            raise FileRefused(in_words(why_odd(first.encode("utf-8", "surrogateescape"), reading)))
        first = storable(first)
    told = _SEP_LINE.fullmatch(first.rstrip("\r\n"))
    if told:
        first = _first(lines)
    signs = told.group(1) if told else DELIMITERS
    over_lines = goes_on(first, [line for _number, line in lines.head()], signs)
    written = [(one, names_in(first, one)) for one in signs]
    if over_lines and (way := _the_one_way(lines, over_lines, written)):
        first, written = way.text.replace("\r\n", "\n"), [(way.delimiter, names_in(way.text, way.delimiter))]
    head = lines.head()
    known = [_dialect(delimiter, names, limits) for delimiter, names in written if len(names) > 1]
    if not known or first.startswith("# "):
        raise FileRefused(without_columns(first))
    dialect = _fitting(known, head)
    _check(dialect, first)
    return _quoting(dialect, first, head)


def _the_one_way(
    lines: GivenLines, over_lines: list[HeaderOverLines], written: list[tuple[str, list[str]]]
) -> HeaderOverLines | None:
    """The header that goes on over lines, which are taken; raises FileRefused where it might be another."""
    ways = {one.delimiter for one in over_lines} | {one for one, names in written if len(names) > 1}
    if len(ways) > 1:
        _refuse_two_ways([Dialect(one, ()) for one in DELIMITERS if one in ways])
    [way] = over_lines
    if not way.fits:
        return None
    for _line in range(way.taken):
        next(lines)
    return way


def _refuse_two_ways(ways: list[Dialect]) -> NoReturn:
    raise FileRefused(_("The columns of the file can be divided in two ways: %(signs)s.") % {"signs": _signs(ways)})


def _first(lines: GivenLines) -> str:
    for _number, line in lines:
        if line is None:
            raise FileRefused(_("The first line, which names the columns, is too long."))
        if line.strip():
            return line.decode("utf-8", "surrogateescape")
    raise FileRefused(_("The file is empty."))


def _dialect(delimiter: str, names: list[str], limits: Limits) -> Dialect:
    """Columns at the end that have no name are none: Excel writes them."""
    if len(names) > limits.columns:
        raise FileRefused(_("The file has more than %(most)s columns.") % {"most": limits.columns})
    named = len(names)
    while named and not names[named - 1]:
        named -= 1
    return Dialect(delimiter, names=tuple(names[:named]), beyond=len(names) - named)


def _check(dialect: Dialect, first: str) -> None:
    """Raises FileRefused for names that are none, in a sentence for each fault."""
    names = dialect.names
    if "\r" in first.rstrip("\r\n"):
        raise FileRefused(without_columns(first))
    if names and not names[0]:
        if dialect.beyond and dialect.delimiter == "|":
            raise FileRefused(_("The file is a table of Markdown. Save it as CSV."))
        raise FileRefused(
            _("The first column has no name, as where pandas writes its index. Leave it out (index=False) or name it.")
        )
    if not all(names):
        raise FileRefused(_("Column %(number)s has no name.") % {"number": names.index("") + 1})
    if len(names) < 2:
        raise FileRefused(without_columns(first))
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise FileRefused(_("The first line names a column twice: %(name)s.") % {"name": storable(twice[0][:80])})


def _fitting(known: list[Dialect], head: list[NumberedLine]) -> Dialect:
    """Of several delimiters the one that divides the rows into as many cells as the header."""
    if len(known) == 1:
        return known[0]
    faults = [min(_misfits(way, head) for way in _ways(one)) for one in known]
    fit = [one for one, count_ in zip(known, faults, strict=True) if count_ == min(faults)]
    if len(fit) > 1 and min(faults) == 0 and head:
        _refuse_two_ways(fit)
    return max(fit, key=lambda one: len(one.names))


def _ways(dialect: Dialect) -> list[Dialect]:
    return [dialect, dialect._replace(quoted=False)] if dialect.delimiter == "\t" else [dialect]


def _misfits(dialect: Dialect, head: list[NumberedLine]) -> int:
    faults = (cells for cells, _said in DelimitedTable(GivenLines(iter(head)), dialect) if isinstance(cells, Fault))
    return sum(fault.why is not FaultKind.TWO_WAYS for fault in faults)


def _quoting(dialect: Dialect, first: str, head: list[NumberedLine]) -> Dialect:
    """Of tab-separated text, where shops write none, whether quotes are signs or text. All others have signs."""
    if dialect.delimiter != "\t" or '"' in first:
        return dialect
    seen = {kind for cells, said in DelimitedTable(GivenLines(iter(head)), dialect) for kind in _evidence(cells, said)}
    text = "broken" in seen or ("whole" in seen and not seen & {"comma", "two ways"})
    return dialect._replace(quoted="needed" in seen or not text)


def _evidence(cells: list[str] | Fault, said: bytes) -> Iterator[str]:
    """What the quotes of a record tell: that they were needed, or that they are none."""
    if isinstance(cells, Fault):
        yield {FaultKind.QUOTE: "broken", FaultKind.TWO_WAYS: "two ways"}.get(cells.why, "")
        return
    plain = said.decode("utf-8", "surrogateescape").rstrip("\r\n").split("\t")
    changed = [cell for cell, written in zip(cells, plain, strict=False) if cell != written]
    if len(plain) != len(cells) or len(changed) == len(cells) or any(re.search('["\r\n]', cell) for cell in changed):
        yield "needed"
    elif changed:
        yield "comma" if any("," in cell for cell in changed) else "whole"


def _signs(dialects: list[Dialect]) -> str:
    names = {",": _("comma"), "\t": _("tab"), ";": _("semicolon"), "|": _("bar")}
    return ", ".join(names[one.delimiter] for one in dialects)


def _reason(fault: Fault, dialect: Dialect) -> str:
    sentences = {
        FaultKind.TOO_LONG: because("Line %(line)s is too long."),
        FaultKind.CELLS: because("Line %(line)s has %(cells)s cells, the first line names %(names)s."),
        FaultKind.QUOTE: because(
            "A quote on line %(line)s is not closed before the end of its cell. Within quotes, a quote is written twice."
        ),
        FaultKind.TWO_WAYS: because(
            "Lines %(line)s to %(last)s can be read as one row with line breaks between quotes, or as rows with stray quotes."
        ),
        FaultKind.LINE_END: because("Line %(line)s has a carriage return within it."),
        FaultKind.BEYOND: because("Line %(line)s has a text beyond the last column that has a name."),
    }
    told = {"line": fault.line, "last": fault.last, "cells": fault.cells, "names": len(dialect.names)}
    return sentences[fault.why] % told
