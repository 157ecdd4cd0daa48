"""The process that reads workbooks: foreign bytes in, lines of JSON out, under limits that the kernel keeps.

A sheet is read row by row; its shared texts are held. An object is a row, a list says which cell of it cannot be read.
What Excel computed is read, never a formula. It holds an open file and no secret.
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from zipfile import BadZipFile

import orjson
from openpyxl.reader.excel import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from catalogue.child_processes import OpenFile, allow_seconds, settle_in, write_frame
from catalogue.importing.reading.limits import FRAME_BYTES, Limits

MEMORY = 1 << 30  # address space
CPU_SECONDS = 30  # for each frame
HEAD_ROWS = 20  # among which the names of the columns stand
EXACT_BELOW = 10**15  # Excel keeps fifteen digits and puts zeros after them
_ZEROS = re.compile(r"0{2,}")
_PERCENT = re.compile(r"0(?:\.(0+))?%")
_NOT_AVAILABLE = "#N/A"


class SheetRefused(Exception):
    """The message is a code that catalogue.importing.reading.xlsx turns into words, with what it is about."""

    def __init__(self, code: str, *about: str) -> None:
        super().__init__(code)
        self.code, self.about = code, about


class SheetCell(NamedTuple):
    """`fault`: why its value cannot be told; then `value` is what stands there."""

    row: int
    column: int
    value: Any
    fault: str = ""


class _Parser(WorkSheetParser):
    """openpyxl takes a formula that nobody has computed for an empty cell; here it is known as one."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)  # type: ignore[no-untyped-call]
        if cell["value"] is None and element.get("t") != "str" and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"  # one that came to an empty text says that it is a text
        return cell


def main() -> None:
    settle_in(MEMORY, files=16)
    warnings.simplefilter("ignore")  # of what openpyxl leaves out: charts, validations
    write_frame(sys.stdout.buffer, {"ready": True})
    file, limits, sheet = OpenFile(int(sys.argv[1])), Limits(**json.loads(sys.argv[2])), sys.argv[3]
    try:
        write_frame(sys.stdout.buffer, _read(file, limits, sheet))
    except BrokenPipeError:  # whoever asked has seen enough
        os._exit(0)


def _read(file: OpenFile, limits: Limits, sheet: str) -> dict[str, Any]:
    """Write frame after frame; what the last one says."""
    allow_seconds(CPU_SECONDS)
    try:
        for header, frame in _frames(file, limits, sheet):
            write_frame(sys.stdout.buffer, header, b"\n".join(frame))
            allow_seconds(CPU_SECONDS)
    except BrokenPipeError:
        raise
    except SheetRefused as refusal:
        return {"refused": refusal.code, "about": list(refusal.about)}
    except MemoryError:
        return {"refused": "too_much"}
    except (KeyError, OSError, BadZipFile) as error:  # an archive without the parts that a workbook has
        return {"refused": "no_workbook", "about": [str(error)[:200]]}
    except Exception as error:  # openpyxl raises of every kind
        return {"refused": "damaged", "about": [str(error)[:200]]}
    return {"done": True}


def _frames(file: OpenFile, limits: Limits, sheet: str) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    title, rows = _chosen(book, sheet)
    names, at, rows = _names(rows, limits)
    frame: list[bytes] = []
    size = 0
    for number, row in enumerate(rows, 1):
        if number > limits.rows:
            raise SheetRefused("unfolds")
        line = _line(row, names)
        frame.append(line if len(line) <= limits.line_bytes else b"")
        size += len(frame[-1]) + 1
        if size > FRAME_BYTES:
            yield {"read": file.count, "sheet": title, "names": at}, frame
            frame, size = [], 0
    yield {"read": file.count, "sheet": title, "names": at}, frame


def _chosen(book: Any, sheet: str) -> tuple[str, Iterator[list[SheetCell]]]:
    """The sheet of that name, else the one of those that can be seen that holds a table."""
    sheets = [one for one in book.worksheets if sheet or one.sheet_state == "visible"]
    if sheet:
        found = [one for one in sheets if one.title.strip() == sheet.strip()]
        if not found:
            raise SheetRefused("no_sheet", *(one.title[:100] for one in sheets[:20]))
        return found[0].title, _rows(book, found[0])
    heads = [(one, list(islice(_rows(book, one), HEAD_ROWS))) for one in sheets[:100]]
    held = [one for one, head in heads if len(head) > 1 and max(map(len, head)) > 1]
    if len(held) > 1:
        raise SheetRefused("sheets", *(one.title[:100] for one in held[:20]))
    if not held:
        raise SheetRefused("empty")
    return held[0].title, _rows(book, held[0])


def _rows(book: Any, sheet: Any) -> Iterator[list[SheetCell]]:
    """The cells that hold something, of the rows that have any. `sheet.iter_rows` believes a size that the file may have
    wrong, and leaves out rows that do not stand in their order."""
    with sheet._get_source() as source:
        parser: Any = _Parser(  # type: ignore[no-untyped-call]
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        format_of = lru_cache(maxsize=10_000)(lambda style: _format(book, style))
        for _number, cells in parser.parse():
            row = [cell for one in cells if (cell := _cell(one, format_of)) is not None]
            if row:
                yield row


def _format(book: Any, style: int) -> str:
    number: int = book._cell_styles[style].numFmtId
    return str(BUILTIN_FORMATS.get(number, "General") if number < 164 else book._number_formats[number - 164])


def _cell(said: dict[str, Any], format_of: Any) -> SheetCell | None:
    """None for an empty one."""
    value, kind = said["value"], said["data_type"]
    if kind == "f":
        return SheetCell(said["row"], said["column"], "", "formula")
    if kind == "e" and value != _NOT_AVAILABLE:
        return SheetCell(said["row"], said["column"], str(value)[:40], "error")
    if value is None or value == "" or kind == "e":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _number(value, format_of(said["style_id"] or 0))
    elif isinstance(value, datetime | date | time | timedelta):
        value = _moment(value)
    return SheetCell(said["row"], said["column"], value)


def _number(value: float, shown_as: str) -> Any:
    """As a person sees it, where its format leaves no doubt: 00042, 95%. Digits that Excel has not kept are none."""
    if abs(value) >= EXACT_BELOW:
        return f"{value:.5E}"
    if isinstance(value, float):
        value = float(f"{value:.15g}")
    whole = value == int(value)
    if _ZEROS.fullmatch(shown_as) and whole and value >= 0:
        return str(int(value)).zfill(len(shown_as))
    if percent := _PERCENT.fullmatch(shown_as):
        return f"{value * 100:.{len(percent.group(1) or '')}f}%"
    return int(value) if whole else value


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _names(rows: Iterator[list[SheetCell]], limits: Limits) -> tuple[list[str], int, Iterator[list[SheetCell]]]:
    """Of the columns, and the row in which they stand: the first of several cells. A title above it is none of them."""
    head = next((row for row in islice(rows, HEAD_ROWS) if len(row) > 1), None)
    if head is None:
        raise SheetRefused("empty")
    if head[-1].column > limits.columns:
        raise SheetRefused("columns")
    names = [""] * max(cell.column for cell in head)
    for cell in head:
        names[cell.column - 1] = "" if cell.fault else " ".join(str(cell.value).split())
    if "" in names:
        raise SheetRefused("no_name", f"{get_column_letter(names.index('') + 1)}{head[0].row}")
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise SheetRefused("twice", twice[0][:80])
    return names, head[0].row, rows


def _line(row: Sequence[SheetCell], names: Sequence[str]) -> bytes:
    values: dict[str, Any] = dict.fromkeys(names)
    for cell in row:
        place = f"{get_column_letter(cell.column)}{cell.row}"
        if cell.column > len(names):
            return orjson.dumps(["beyond", place, ""])
        if cell.fault:
            return orjson.dumps([cell.fault, place, cell.value])
        values[names[cell.column - 1]] = cell.value
    try:
        return orjson.dumps(values)
    except (TypeError, ValueError):  # a lone surrogate
        return json.dumps(values, ensure_ascii=True).encode()


if __name__ == "__main__":
    main()
