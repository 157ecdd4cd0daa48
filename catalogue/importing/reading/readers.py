"""Rows from JSONL, JSON lists, CSV, Parquet and Excel files, plain or gzip: streamed, in constant memory, under running caps.

Knows nothing of pairs or projects. A line that cannot be read is a `Broken` row with its number and reading goes on; a
file that cannot be read at all, or that outgrows a cap, raises `FileRefused`. Numbers count the file's lines (JSONL),
its objects (JSON) or its data rows (CSV, Parquet, Excel), from 1.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO, NoReturn, TypeAlias

from django.core.files.base import File
from django.utils.translation import gettext as _

from catalogue.importing.reading import delimited, encodings, json_rows, parquet, unfolding, xlsx
from catalogue.importing.reading.delimited import NOTHING
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.read_as import UNSAID, ReadAs
from catalogue.importing.reading.rows import Broken, FileRefused, Rounded, Row
from catalogue.importing.reasons import because

__all__ = ["Broken", "FileRefused", "Format", "Readable", "Row", "RowReader", "raw_text"]

NARROW_BELOW = 2**24  # from there on not every whole number is a float32
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
BOM = b"\xef\xbb\xbf"
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
_NO_TEXT = (PARQUET, *_ARCHIVES, GZIP, xlsx.OLD)
_JSON_NAMES = {".jsonl", ".ndjson", ".json"}
_OPENS_ALONE = re.compile(rb'\{[ \t]*\r?\n\s*"')  # an object over several lines
_NAMES_COLUMNS = re.compile(rb"[^{}\[\]\0\n]*[,;|\t][^{}\[\]\0\n]*\r?\n")
_PEEK = 4096


Readable: TypeAlias = BinaryIO | File[Any]


class Format(StrEnum):
    JSON = "json"  # one list of objects, or objects over several lines
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


class RowReader:
    """Iterate once. `bytes_read` counts the bytes of the file as stored, for progress; `unfolded` those of the rows."""

    def __init__(self, file: Readable, name: str, limits: Limits = UPLOAD, reading: ReadAs = UNSAID) -> None:
        self._counted = _CountedFile(file)
        self.limits = limits
        self._file_name, self._name = name, PurePath(name.lower())
        self.unfolded = 0
        self.told = ""  # of delimited text, once its first row was asked for: how it is read
        file.seek(0)
        head = file.read(4)
        file.seek(0)
        zipped = head.startswith(GZIP)
        if zipped and self._name.suffix == ".gz":
            self._name = self._name.with_suffix("")
        self._zipped = zipped
        self._stream = io.BufferedReader(_expanded(self._counted, limits) if zipped else self._counted, 1 << 16)
        encoding = encodings.to_read_by(self._head()[:4], reading.encoding)
        self._reading = reading._replace(encoding=encoding)
        if encoding not in ("", "utf-8") and not self._head().startswith(_NO_TEXT):
            self._stream = io.BufferedReader(encodings.MadeUtf8(self._stream, encoding), 1 << 16)
        self.format = self._detect()

    @property
    def bytes_read(self) -> int:
        return self._counted.count

    def __iter__(self) -> Iterator[Row | Broken]:
        rows = {
            Format.JSON: self._listed_rows,
            Format.JSONL: self._json_rows,
            Format.CSV: self._delimited_rows,
            Format.PARQUET: self._parquet_rows,
            Format.XLSX: self._sheet_rows,
        }
        return self.capped(rows[self.format]())

    @property
    def head(self) -> bytes:
        """The first bytes, unzipped; nothing of them is taken."""
        return self._stream.peek(1)

    def capped(self, rows: Iterator[Row | Broken]) -> Iterator[Row | Broken]:
        """No more rows than a file may have."""
        seen = 0
        try:
            for row in rows:
                seen += 1
                if seen > self.limits.rows:
                    raise FileRefused(_("The file has more than %(rows)s rows.") % {"rows": self.limits.rows})
                yield row
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            _refuse_damaged(error)

    def hold_to_encoding(self) -> None:
        """Raises EncodingUnclear where its text is not what it is to be read by, as far as a look goes. Reads the file:
        its rows are for another reader."""
        if self.format in (Format.PARQUET, Format.XLSX):
            return
        with suppress(gzip.BadGzipFile, EOFError, zlib.error):  # which is said once the rows before it were read
            pieces = iter(lambda: self._stream.read(encodings.PIECE), b"")
            encodings.hold(islice(pieces, self.limits.held_bytes // encodings.PIECE + 1), self._reading)

    def _head(self) -> bytes:
        try:
            return self._stream.peek(_PEEK)[:_PEEK]
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            _refuse_damaged(error)

    def _detect(self) -> Format:
        head = self._head()
        if head.startswith(PARQUET):
            return Format.PARQUET
        if xlsx.is_workbook(head):
            return Format.XLSX
        xlsx.refuse_other(head)
        if head.startswith(_ARCHIVES) or head.startswith(GZIP):
            raise FileRefused(_("Archives are not read: give one JSONL, CSV, Parquet or Excel file (.xlsx)."))
        if b"\0" in head:
            encodings.refuse_utf16(head)
        text = head.removeprefix(BOM).lstrip()
        if text.startswith(b"[") or _OPENS_ALONE.match(text):
            return Format.JSON
        if text.startswith(b"{") or (self._name.suffix in _JSON_NAMES and not _NAMES_COLUMNS.match(text)):
            return Format.JSONL
        if b"\0" in head:
            raise FileRefused(_("The file is neither JSONL nor CSV nor Parquet nor Excel."))
        return Format.CSV

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Lines with their numbers; None stands for a line over the cap, which is skipped to its end."""
        cap, number = self.limits.line_bytes, 0
        while line := self._stream.readline(cap):
            number += 1
            self.unfolded += len(line)
            if len(line) < cap or line.endswith(b"\n"):
                yield number, line.removeprefix(BOM) if number == 1 else line
                continue
            while (rest := self._stream.readline(cap)) and not rest.endswith(b"\n"):
                pass
            yield number, None

    def _json_rows(self) -> Iterator[Row | Broken]:
        for number, line in self.lines():
            if line is None:
                yield Broken(number, because("The line is too long."), "")
            elif stripped := line.strip():
                yield json_rows.row(number, stripped, self._reading)

    def _listed_rows(self) -> Iterator[Row | Broken]:
        return json_rows.listed(self.pieces(), self.limits, self._reading)

    def pieces(self) -> Iterator[bytes]:
        while piece := self._stream.read1(1 << 16):
            self.unfolded += len(piece)
            yield piece

    def _delimited_rows(self) -> Iterator[Row | Broken]:
        lines = delimited.GivenLines(self.lines())
        dialect = delimited.find(lines, self.limits, self._reading)
        self.told = dialect.told()
        return delimited.rows(lines, dialect, self._reading)

    def _parquet_rows(self) -> Iterator[Row | Broken]:
        number = 0
        try:
            with self._on_disk() as (descriptor, stored):
                for lines, read, narrow in parquet.frames(descriptor, self._file_name, self.limits):
                    self._counted.count = max(self._counted.count, read)
                    for line in lines:
                        number += 1
                        self._unfold(line, stored)
                        yield _with_rounded(self._parquet_row(number, line), narrow)
        except parquet.ParquetRefused as refusal:
            raise FileRefused(str(refusal)) from refusal

    def _parquet_row(self, number: int, line: bytes) -> Row | Broken:
        if not line:
            return Broken(number, because("The line is too long."), "")
        return json_rows.row(number, line, self._reading)

    def _sheet_rows(self) -> Iterator[Row | Broken]:
        number = 0
        with self._on_disk() as (descriptor, stored):
            for lines, read, told in xlsx.frames(descriptor, self._file_name, self.limits, self._reading.sheet):
                self._counted.count, self.told = max(self._counted.count, read), told
                for line in lines:
                    number += 1
                    self._unfold(line, stored)
                    yield self._sheet_row(number, line)

    def _sheet_row(self, number: int, line: bytes) -> Row | Broken:
        if line.startswith(b"["):
            return Broken(number, xlsx.fault(line), "")
        row = self._parquet_row(number, line)
        if isinstance(row, Broken):
            return row
        return row._replace(values={name: "" if one in NOTHING else one for name, one in row.values.items()})

    def _unfold(self, line: bytes, stored: int) -> None:
        """A text that stands in the file once is counted with each row that has it."""
        self.unfolded += len(line)
        unfolding.hold(self.unfolded, stored, self.limits)

    @contextmanager
    def _on_disk(self) -> Iterator[tuple[int, int]]:
        """Parquet and Excel files are read from their end: what is no plain file on this disk is copied to one, under
        the same caps. Gives the open file, and how many bytes were stored of it."""
        descriptor = None if self._zipped else self._counted.descriptor()
        if descriptor is not None:
            yield descriptor, os.fstat(descriptor).st_size
            return
        with tempfile.TemporaryFile() as spool:
            while piece := self._stream.read(1 << 20):
                spool.write(piece)
            spool.flush()
            yield spool.fileno(), self._counted.count


class _CountedFile(io.RawIOBase):
    """The stored file, counting what was read from it."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def descriptor(self) -> int | None:
        """Of the open file, where it is one."""
        try:
            return self._file.fileno()
        except (AttributeError, OSError):
            return None

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


class _Capped(io.RawIOBase):
    """Unzipped bytes, refused as soon as they outgrow what the zipped ones may become."""

    def __init__(self, zipped: gzip.GzipFile, counted: _CountedFile, limits: Limits) -> None:
        self._zipped, self._counted, self.limits = zipped, counted, limits
        self._expanded = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._zipped.read1(len(buffer))
        buffer[: len(data)] = data
        self._expanded += len(data)
        self._hold()
        return len(data)

    def _hold(self) -> None:
        unfolding.hold(self._expanded, self._counted.count, self.limits)


def raw_text(said: Mapping[str, Any] | str, most: int = 4000) -> str:
    """What a row said as text, for the list of rejected rows: its values, or the line itself where it was broken."""
    if isinstance(said, str):
        return said[:most]
    try:
        return json.dumps(said, ensure_ascii=False, default=str)[:most]
    except RecursionError:
        return ""  # nested as deeply as only an attack is


def _with_rounded(row: Row | Broken, narrow: Sequence[int]) -> Row | Broken:
    if not narrow or isinstance(row, Broken):
        return row
    values = list(row.values.items())
    large = [
        one for one in map(values.__getitem__, narrow) if isinstance(one[1], float) and abs(one[1]) >= NARROW_BELOW
    ]
    return row._replace(values={**row.values, **{name: Rounded(value) for name, value in large}}) if large else row


def _expanded(counted: _CountedFile, limits: Limits) -> io.RawIOBase:
    return _Capped(gzip.GzipFile(fileobj=counted, mode="rb"), counted, limits)


def _refuse_damaged(error: Exception) -> NoReturn:
    raise FileRefused(_("The gzip file is damaged or cut off.")) from error
