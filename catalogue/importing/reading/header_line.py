"""The first line of delimited text, which names the columns: over several lines where a name does, and why it names none."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from relevance.sanitising import storable

MOST_LINES = 20  # below the first that a name may go on for


def names_in(text: str, delimiter: str) -> list[str]:
    """None where a quote does not close, or a name is longer than csv reads."""
    try:
        return [_name(said) for said in next(csv.reader((text,), delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _name(said: str) -> str:
    return " ".join(said.split()) if "\n" in said else said.strip()


class HeaderOverLines(NamedTuple):
    """`taken`: lines below the first that are its. `fits`: none of them could be a row, and the next one is."""

    delimiter: str
    text: str
    taken: int
    fits: bool


def goes_on(first: str, below: Sequence[bytes | None], delimiters: Sequence[str]) -> list[HeaderOverLines]:
    """Where a name in quotes goes on below the first line, by each delimiter for which its quote is still open there."""
    ways = [_whole(first, below, one) for one in delimiters if not names_in(first, one)]
    return [one for one in ways if one is not None]


def _whole(first: str, below: Sequence[bytes | None], delimiter: str) -> HeaderOverLines | None:
    text = first
    for taken, line in enumerate(below[:MOST_LINES], 1):
        if line is None:
            return None
        text += line.decode("utf-8", "surrogateescape")
        names = names_in(text, delimiter)
        if names:
            fits = _fits(names, below[:taken], below[taken : taken + 1], delimiter)
            return HeaderOverLines(delimiter, text, taken, fits) if len(names) > 1 else None
    return None


def _fits(names: Sequence[str], further: Sequence[bytes | None], row: Sequence[bytes | None], delimiter: str) -> bool:
    """The lines of a header have fewer cells than it has names, the first row below it as many."""
    alone = [(line or b"").count(delimiter.encode()) + 1 for line in further]
    cells = [names_in((line or b"").decode("utf-8", "surrogateescape"), delimiter) for line in row]
    return max(alone) < len(names) and [len(names)] == [len(one) for one in cells]


def without_columns(first: str) -> str:
    """Why a first line names no columns."""
    if "\r" in first.rstrip("\r\n"):
        return _("The lines of the file end in a carriage return alone. Save it with line ends of Windows or Unix.")
    if first.startswith("#"):
        return _("The file begins with a comment (#). Its first line must name the columns: take the comment off.")
    if first.count('"') % 2:
        return _("The first line, which names the columns, has a quote that is not closed.")
    return _(
        "The first line must name the columns, at least two, between commas, tabs, semicolons or bars. It says: %(line)s"
    ) % {"line": storable(first.strip()[:80])}
