"""Rows of a workbook, as lines of JSON: read by a child of ours that holds nothing but the file.

Here are the words for why a workbook, or a row of it, was refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any, NamedTuple

import orjson
from django.utils.translation import gettext as _

from catalogue.child_processes import Child, ChildEnded, Header
from catalogue.importing.reading.limits import FRAME_BYTES, Limits
from catalogue.importing.reading.read_as import SheetUnclear
from catalogue.importing.reading.rows import FileRefused
from catalogue.importing.reasons import because
from relevance.sanitising import storable

CHILD = "catalogue.importing.reading.xlsx_child"
WALL_SECONDS = 120.0  # for a frame: 30 s of processor time on a machine that is busy with other things
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_ZIP, _NAME_AT = b"PK\x03\x04", 30
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Excel until 2003, and whatever Office puts under a password
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"


class SheetFrame(NamedTuple):
    """Some lines, one a row. `read`: bytes of the file so far. `told`: which sheet it is, and where its columns are named."""

    lines: list[bytes]
    read: int
    told: str


def is_workbook(head: bytes) -> bool:
    """Or another file of Office, which its reader refuses."""
    return head.startswith(_ZIP) and head[_NAME_AT:].startswith(_OFFICE)


def refuse_other(head: bytes) -> None:
    """Raises FileRefused for spreadsheets of other kinds, each in its own sentence."""
    if head.startswith(OLD):
        raise FileRefused(
            _(
                "Workbooks of old Excel (.xls), or under a password, are not read. Save it as .xlsx without one, or as CSV."
            )
        )
    if head.startswith(_ZIP) and head[_NAME_AT:].startswith(_OPEN_DOCUMENT):
        raise FileRefused(_("OpenDocument spreadsheets (.ods) are not read. Save it as .xlsx or as CSV."))


def frames(descriptor: int, name: str, limits: Limits, sheet: str) -> Iterator[SheetFrame]:
    """Of an open file; raises FileRefused. The child works ahead by one frame, and ends with this iterator."""
    child = Child(CHILD, str(descriptor), json.dumps(asdict(limits)), sheet, files=(descriptor,))
    try:
        while (frame := _next(child, limits, name)) is not None:
            yield frame
    finally:
        child.end()


def fault(line: bytes) -> str:
    """Why a row cannot be read, which its line says in place of it."""
    said = orjson.loads(line)
    kind, place, value = said if isinstance(said, list) and len(said) == 3 else ("", "", "")
    sentences = {
        "beyond": because("Cell %(place)s stands beyond the last column that has a name."),
        "error": because("Cell %(place)s holds an error of the spreadsheet: %(value)s."),
        "formula": because(
            "Cell %(place)s holds a formula that nobody has computed. Open the file in Excel and save it."
        ),
    }
    sentence = sentences.get(str(kind), because("The row cannot be read."))
    return sentence % {"place": storable(str(place)[:20]), "value": storable(str(value)[:40])}


def _next(child: Child, limits: Limits, name: str) -> SheetFrame | None:
    """What a child says is foreign, too: what is neither a frame nor the end is the fault of its file."""
    told: Header = {"refused": "too_much"}
    body = b""
    with suppress(ChildEnded):
        told, body = child.receive(time.monotonic() + WALL_SECONDS, FRAME_BYTES + limits.line_bytes + 1)
    if isinstance(told.get("read"), int):
        sheet = {"sheet": storable(str(told.get("sheet"))[:60]), "row": told.get("names")}
        lines = body.split(b"\n") if body else []
        return SheetFrame(
            lines, told["read"], _("It is the sheet “%(sheet)s”, its columns named in row %(row)s.") % sheet
        )
    if told.get("done") is True:
        return None
    raise _refusal(told, name, limits)


def _refusal(told: Header, name: str, limits: Limits) -> FileRefused:
    code, about = str(told.get("refused")), _about(told.get("about"))
    if code == "sheets":
        names = _("Several sheets of the workbook hold rows: %(names)s.")
        return SheetUnclear(names % {"names": ", ".join(about)}, about)
    if code == "no_sheet":
        names = _("The workbook has no sheet of that name. It has: %(names)s.")
        return SheetUnclear(names % {"names": ", ".join(about)}, about)
    sentences = {
        "columns": _("The file has more than %(most)s columns."),
        "unfolds": _("The file unfolds to more than is allowed."),
        "too_much": _("%(name)s cannot be read: it takes more memory or time to unfold than a file may."),
        "empty": _(
            "No sheet of the workbook holds a table: a row that names columns, at least two, and rows below it."
        ),
        "no_name": _("Cell %(about)s has no name for its column, as where cells are merged. Give each column one."),
        "twice": _("The first line names a column twice: %(about)s."),
        "no_workbook": _("Archives are not read: give one JSONL, CSV, Parquet or Excel file (.xlsx)."),
    }
    sentence = sentences.get(code, _("The workbook is damaged: %(about)s"))
    return FileRefused(sentence % {"name": name, "most": limits.columns, "about": about[0] if about else ""})


def _about(said: Any) -> list[str]:
    return [storable(str(one)[:200]) for one in said[:20]] if isinstance(said, list) else []
