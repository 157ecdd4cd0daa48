"""Rows of Parquet, as lines of JSON: read by a child of ours that holds nothing but the file.

Here are the words for why a file was refused. That the child died is one of the reasons, and harms nobody else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalogue.child_processes import Child, ChildEnded, Header
from catalogue.importing.reading.limits import FRAME_BYTES, Limits

CHILD = "catalogue.importing.reading.parquet_child"
WALL_SECONDS = 120.0  # for a frame: 30 s of processor time on a machine that is busy with other things


class ParquetRefused(ValueError):
    """The message says why, for people."""


class Frame(NamedTuple):
    """Some lines, one a row; an empty one stands for a row that is too long. `read`: bytes of the file so far. `narrow`: places of
    the columns whose numbers are float32 and less."""

    lines: list[bytes]
    read: int
    narrow: tuple[int, ...]


def frames(descriptor: int, name: str, limits: Limits) -> Iterator[Frame]:
    """Of an open file; raises ParquetRefused. The child works ahead by one frame, and ends with this iterator."""
    child = Child(CHILD, str(descriptor), json.dumps(asdict(limits)), files=(descriptor,))
    try:
        while (frame := _next(child, limits, name)) is not None:
            yield frame
    finally:
        child.end()


def _next(child: Child, limits: Limits, name: str) -> Frame | None:
    """What a child says is foreign, too: what is neither a frame nor the end is the fault of its file."""
    told: Header = {"refused": "too_much"}
    with suppress(ChildEnded):
        told, body = child.receive(time.monotonic() + WALL_SECONDS, FRAME_BYTES + limits.line_bytes + 1)
    if isinstance(told.get("read"), int):
        return Frame(body.split(b"\n"), told["read"], tuple(at for at in told.get("narrow", ()) if isinstance(at, int)))
    if told.get("done") is True:
        return None
    raise ParquetRefused(_why(told, name, limits))


def _why(told: Header, name: str, limits: Limits) -> str:
    sentences = {
        "columns": _("The file has more than %(most)s columns."),
        "unfolds": _("The file unfolds to more than is allowed."),
        "too_much": _("%(name)s cannot be read: it takes more memory or time to unfold than a file may."),
    }
    sentence = sentences.get(str(told.get("refused")), _("The Parquet file is damaged: %(why)s"))
    return sentence % {"name": name, "most": limits.columns, "why": str(told.get("why", ""))[:200]}
