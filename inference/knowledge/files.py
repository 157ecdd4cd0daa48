"""Knowledge cards from a file: good rows go in, bad ones are listed with their reason.

JSONL or CSV, read line by line. Row numbers count lines in JSONL and data rows in CSV, from 1.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from typing import Any, BinaryIO, NamedTuple

from django.core.files.base import File
from django.utils.translation import gettext as _

from inference.knowledge.history import CHANGED, NEW, SAME, CardRefused, Written, write_all, written
from projects.models import Person, Project
from projects.refusals import TotalFailure, no_row_went_in
from relevance.sanitising import storable
from relevance.spreadsheets import BYTE_ORDER_MARK, csv_line

FIELDS = ("kind", "key", "text", "locale", "source", "item_ids", "clicks")
LONGEST_LINE = 64 << 10
MOST_ROWS = 500_000
MOST_LISTED = 500  # rejected rows that are kept; all are counted
MOST_RAW = 300
_SEPARATORS = (",", "\t", ";", "|")
_LIST = re.compile(r"[;,，；|\r\n]+")


class KnowledgeFileRefused(ValueError):
    """The file as a whole cannot be read; the message says why, for people."""


class Rejected(NamedTuple):
    """A row that did not go in."""

    row: int
    field: str
    reason: str
    raw: str


@dataclass
class KnowledgeCounts:
    """What an import did."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0
    rejected_rows: list[Rejected] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    read: int = 0  # rows of the file, up to the card that was written last

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.same + self.rejected

    def reject(self, one: Rejected) -> None:
        self.rejected += 1
        if len(self.rejected_rows) < MOST_LISTED:
            self.rejected_rows.append(one)
            self.reasons.setdefault((one.field, one.reason), 0)
        # Without the condition half a million reasons that each quote their row would fill the memory.
        if (one.field, one.reason) in self.reasons:
            self.reasons[one.field, one.reason] += 1

    def why_nothing(self) -> TotalFailure | None:
        """The reason that most rows share, where none went in and none was there already."""
        if not self.rejected or self.rejected < self.rows:
            return None
        [(shared, rows)] = self.reasons.most_common(1)
        first = next(one for one in self.rejected_rows if (one.field, one.reason) == shared)
        code = f"{first.field if first.field in FIELDS else 'row'}_rejected"
        return no_row_went_in(self.rows, rows, first.row, first.field, code, first.reason)


Heard = Callable[[KnowledgeCounts], None]


def _nobody_hears(_counts: KnowledgeCounts) -> None: ...


def import_file(
    project: Project,
    file: BinaryIO | File[Any],
    name: str,
    by: Person | None,
    *,
    so_far: KnowledgeCounts | None = None,
    heard: Heard = _nobody_hears,
) -> KnowledgeCounts:
    """Every good row becomes a card or another wording of one; raises KnowledgeFileRefused. The same file again adds nothing.

    Chunks that are in stay in when a later part of the file cannot be read. `so_far`: what an import that was cut short had
    done, which goes on behind it; `heard` is told how far it is within each transaction.
    """
    counts = so_far or KnowledgeCounts()
    before = replace(counts)

    def written_so_far(outcomes: Counter[str]) -> None:
        counts.new, counts.changed = before.new + outcomes[NEW], before.changed + outcomes[CHANGED]
        counts.same = before.same + outcomes[SAME]
        heard(counts)

    rows = islice(_rows(file, name), counts.read, None)
    write_all(project, _good(rows, counts), by, origin=name, written_so_far=written_so_far)
    return counts


def first_look(file: BinaryIO | File[Any], name: str) -> None:
    """Raises KnowledgeFileRefused where not even its first row can be read."""
    next(iter(_rows(file, name)), None)
    file.seek(0)


def rejected_csv(rejected: Iterable[Rejected]) -> Iterator[str]:
    """Lines for a spreadsheet."""
    yield BYTE_ORDER_MARK
    for row in [("row", "field", "reason", "raw"), *rejected]:
        yield csv_line(row)


class _Row(NamedTuple):
    number: int
    values: Mapping[str, Any] | None  # None: the row cannot be read, for this reason
    reason: str
    raw: str


def _good(rows: Iterable[_Row], counts: KnowledgeCounts) -> Iterator[Written]:
    for row in rows:
        if row.number > MOST_ROWS:
            raise KnowledgeFileRefused(_("The file has more than %(rows)s rows.") % {"rows": MOST_ROWS})
        try:
            if row.values is None:
                raise CardRefused("", row.reason)
            yield _card(row.values)
        except CardRefused as refusal:
            said = map(storable, (refusal.field, refusal.reason, row.raw))
            counts.reject(Rejected(row.number, *said))
        # Counted before it is given, a card that waits for the next chunk would be left out by whoever goes on after a kill.
        counts.read += 1


def _card(values: Mapping[str, Any]) -> Written:
    if unknown := [str(name) for name in values if name not in FIELDS]:
        raise CardRefused(unknown[0][:60], _("is no field of a card: %(fields)s") % {"fields": ", ".join(FIELDS)})
    texts = {name: _text(values, name) for name in ("kind", "key", "text", "locale", "source")}
    kind, key, text = texts.pop("kind"), texts.pop("key"), texts.pop("text")
    return written(
        kind, key, text, **texts, item_ids=item_ids(values.get("item_ids")), clicks=_clicks(values.get("clicks"))
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise CardRefused(name, _("must be a text"))
    return str(value)


def item_ids(value: Any) -> list[str]:
    """A list, or a cell with ids between commas, semicolons, bars or lines, or a JSON list in it; raises CardRefused."""
    if value is None:
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise CardRefused("item_ids", _("must be a list of ids")) from None
    if isinstance(value, str):
        value = [one for one in _LIST.split(value) if one.strip()]
    if not isinstance(value, list) or not all(isinstance(one, str | int) and one is not True for one in value):
        raise CardRefused("item_ids", _("must be a list of ids"))
    return [str(one) for one in value]


def _clicks(value: Any) -> int | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise CardRefused("clicks", _("must be a whole number"))
    return int(text)


def _rows(file: BinaryIO | File[Any], name: str) -> Iterator[_Row]:
    """JSONL where the first text begins with a brace or the name says so, else CSV."""
    lines = _lines(file)
    blank, first = 0, next(lines, "")
    while first is not None and first.isspace():
        blank, first = blank + 1, next(lines, "")
    start = "{" if first is None else first.lstrip()[:1]
    if start == "[":
        raise KnowledgeFileRefused(_("The file is one JSON list. Write one JSON object per line (JSONL)."))
    if not start:
        return iter(())
    if start == "{" or name.lower().endswith((".jsonl", ".ndjson", ".json")):
        numbered = enumerate(chain([first], lines), blank + 1)
        return (_json_row(number, line) for number, line in numbered if line is None or not line.isspace())
    return _csv_rows(first or "", lines)


def _lines(file: BinaryIO | File[Any]) -> Iterator[str | None]:
    """None stands for a line over the cap, which is skipped to its end. What is no UTF-8 becomes U+FFFD."""
    first = True
    while line := file.readline(LONGEST_LINE):
        if first and line.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\x1f\x8b", b"PAR1")):
            raise KnowledgeFileRefused(_("The file is neither JSONL nor CSV in UTF-8."))
        long = len(line) >= LONGEST_LINE and not line.endswith(b"\n")
        if long:
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        yield None if long else line.decode("utf-8-sig" if first else "utf-8", "replace")
        first = False


def _json_row(number: int, line: str | None) -> _Row:
    if line is None:
        return _Row(number, None, _("The line is too long."), "")
    raw = line.strip()[:MOST_RAW]
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _Row(number, None, _("Not JSON: %(why)s") % {"why": str(error)[:200]}, raw)
    if not isinstance(values, dict):
        return _Row(number, None, _("Not a JSON object."), raw)
    return _Row(number, values, "", raw)


def _csv_rows(header: str, lines: Iterator[str | None]) -> Iterator[_Row]:
    separator = max(_SEPARATORS, key=header.count)
    names = [name.strip().casefold() for name in next(csv.reader([header], delimiter=separator), [])]
    if missing := [name for name in ("kind", "key", "text") if name not in names]:
        reason = _("The first line must name the columns; missing: %(names)s.")
        raise KnowledgeFileRefused(reason % {"names": ", ".join(missing)})
    if len(set(names)) < len(names):
        raise KnowledgeFileRefused(_("The first line names a column twice."))
    cells = csv.reader(map(_csv_line, lines), delimiter=separator)
    for number in count(1):
        try:
            row = next(cells, None)
        except csv.Error as error:
            yield _Row(number, None, _("The row cannot be read: %(why)s.") % {"why": error}, "")
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield _csv_row(number, names, row, separator)


def _csv_line(line: str | None) -> str:
    if line is None:
        raise csv.Error(_("a line is too long"))
    return line


def _csv_row(number: int, names: list[str], row: list[str], separator: str) -> _Row:
    raw = separator.join(row)[:MOST_RAW]
    if len(row) > len(names):
        reason = _("The row has %(cells)s cells, the first line names %(names)s.")
        return _Row(number, None, reason % {"cells": len(row), "names": len(names)}, raw)
    return _Row(number, dict(zip(names, row, strict=False)), "", raw)
