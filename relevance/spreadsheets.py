"""CSV for people: a cell that a spreadsheet would take for a formula begins with an apostrophe instead,
and so does what follows a semicolon or a tab, at which some spreadsheets divide a line.

Whatever the product writes as CSV goes through here, and nothing that a program reads back does: JSONL and Parquet are
lossless. A CSV of ours that is imported again loses its apostrophes by `plain_cell`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"  # tells a spreadsheet that a CSV is UTF-8; written once, before the first line
# What spreadsheets pass over before they look: spaces, quotes and signs that nobody sees.
_PASSED_OVER = " \u00a0\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\u00ad\"'`\u2018-\u201f\uff02\uff07"
_TRIGGERS = r"=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212"
_FORMULA = f"(?=[{_PASSED_OVER}]*[{_TRIGGERS}])"
# Where a cell begins: also behind the signs at which a spreadsheet of another country, or whoever pastes, divides a line.
_BEGINS = re.compile(f"(^|[;\t]){_FORMULA}")
_MADE_SAFE = re.compile(f"(^|[;\t])'{_FORMULA}")


def safe_cell(cell: object) -> str:
    """The cell as a spreadsheet shows it and never computes it."""
    text = "" if cell is None else str(cell)
    return _BEGINS.sub(r"\1'", text)


def plain_cell(text: str) -> str:
    """What `safe_cell` was given, by what it wrote."""
    return _MADE_SAFE.sub(r"\1", text)


class _Echo:
    """csv.writer wants a file; the line is the answer."""

    def write(self, line: str) -> str:
        return line


_writer = csv.writer(_Echo())


def csv_line(cells: Iterable[object]) -> str:
    return str(_writer.writerow([safe_cell(cell) for cell in cells]))
