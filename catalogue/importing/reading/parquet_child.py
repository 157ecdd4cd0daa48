"""The process that reads Parquet: foreign bytes in, lines of JSON out, under limits that the kernel keeps.

Pages may unfold to gigabytes, and what the footer says of them may be a lie; here that ends this process alone. It holds
an open file and no secret. A line is what a row would be in JSONL, so that its reader has one format to mistrust.
"""

from __future__ import annotations

import base64
import codecs
import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pyarrow import lib, parquet

from catalogue.child_processes import OpenFile, allow_seconds, settle_in, write_frame
from catalogue.importing.reading import arrow_rows, class_names
from catalogue.importing.reading.limits import FRAME_BYTES, OMITTED, WRITTEN, Limits

MEMORY = 1 << 30  # address space; the libraries alone take 290 MiB of it
CPU_SECONDS = 30  # for each frame
FIELD_BYTES = 64 << 10  # no field may be longer; of one that is, a byte more shows it
_TOGETHER = 256  # rows
_NARROW = ("float", "halffloat")
_TOGETHER_BYTES = 32 << 20


class FileTooMuch(Exception):
    """A file that is not read on; the message is a code that catalogue.importing.reading.parquet turns into words."""


def main() -> None:
    settle_in(MEMORY, files=16)
    # Without these, threads that nobody needs and memory kept for later fill the address space.
    lib.set_cpu_count(1)
    lib.set_memory_pool(lib.system_memory_pool())
    write_frame(sys.stdout.buffer, {"ready": True})
    file, limits = OpenFile(int(sys.argv[1])), Limits(**json.loads(sys.argv[2]))
    try:
        write_frame(sys.stdout.buffer, _read(file, limits))
    except BrokenPipeError:  # whoever asked has seen enough
        os._exit(0)


def _read(file: OpenFile, limits: Limits) -> dict[str, Any]:
    """Write frame after frame; what the last one says."""
    allow_seconds(CPU_SECONDS)
    try:
        narrow: list[int] = []
        for frame in _frames(file, limits, narrow):
            write_frame(sys.stdout.buffer, {"read": file.count, "narrow": narrow}, b"\n".join(frame))
            allow_seconds(CPU_SECONDS)
    except BrokenPipeError:
        raise
    except FileTooMuch as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"refused": "too_much"}
    except Exception as error:  # pyarrow raises of every kind
        return {"refused": "damaged", "why": str(error)[:200]}
    return {"done": True}


def _frames(file: OpenFile, limits: Limits, narrow: list[int]) -> Iterator[list[bytes]]:
    frame: list[bytes] = []
    size = 0
    for line in _lines(file, limits, narrow):
        frame.append(line if len(line) <= limits.line_bytes else b"")
        size += len(frame[-1]) + 1
        if size > FRAME_BYTES:
            yield frame
            frame, size = [], 0
    if frame:
        yield frame


def _lines(file: OpenFile, limits: Limits, narrow: list[int]) -> Iterator[bytes]:
    """`narrow` is filled with the places of columns whose numbers have 24 binary digits and fewer."""
    # Without pre_buffer off a whole group of rows would lie in memory, and each one before it: two gigabytes of a large file.
    table: Any = parquet.ParquetFile(file, buffer_size=1 << 16, pre_buffer=False)  # type: ignore[no-untyped-call]
    together = _check(table.metadata, limits)
    narrow += [at for at, column in enumerate(table.schema_arrow) if str(column.type) in _NARROW]
    by_column = class_names.namings(table.schema_arrow.metadata)
    for batch in table.iter_batches(batch_size=together, use_threads=False):
        rows = arrow_rows.read(batch)
        class_names.name_all(rows, by_column)
        yield from (_line(row, limits.line_bytes) for row in rows)


def _check(metadata: Any, limits: Limits) -> int:
    """By the footer, which costs nothing and may lie. Returns how many rows are taken together."""
    size: int = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if metadata.num_columns > limits.columns:
        raise FileTooMuch("columns")
    if metadata.num_rows > limits.rows or size > limits.expanded_bytes:
        raise FileTooMuch("unfolds")
    return max(1, min(_TOGETHER, _TOGETHER_BYTES * int(metadata.num_rows) // max(size, 1)))


def _line(values: Mapping[str, Any], most: int) -> bytes:
    try:
        return orjson.dumps(values, default=RowBytes(most).text, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except (TypeError, ValueError):  # a text that is no UTF-8, a nesting without end
        pass
    try:
        return json.dumps(values, default=RowBytes(most).text, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError):
        return (
            repr(values).encode("utf-8", "backslashreplace").replace(b"\n", b" ")
        )  # which its reader lists as no JSON


class RowBytes:
    """The bytes of one row as text: of a picture in base64, as long as the line holds it, else the text that they are."""

    def __init__(self, most: int) -> None:
        self._left = most * 5 // 8  # base64 takes four signs for three bytes

    def text(self, value: object) -> str:
        if not isinstance(value, bytes):
            return str(value)
        if not value.startswith(_PICTURES):
            # Without a sign that nobody can store, two ids that differ in such a byte alone would be one, and nobody told.
            return value[: FIELD_BYTES + 1].decode("utf-8", _UNSTORABLE)
        if len(value) > self._left:
            return f"{OMITTED}={len(value)}"
        self._left -= len(value)
        return WRITTEN + base64.b64encode(value).decode()


_UNSTORABLE = "unstorable"
codecs.register_error(_UNSTORABLE, lambda error: ("\0", error.end))  # type: ignore[attr-defined]
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")


if __name__ == "__main__":
    main()
