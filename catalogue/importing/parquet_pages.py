"""What the pages of a Parquet file unfold to, by the headers that stand before them: the footer may lie.

A reader reserves what a page's header says, so that is what is bounded here, before any page is read. Encodings that
repeat are the other way to grow: one entry of a dictionary may be every value of a column, and one list may hold a
million of them. Knows the Parquet format (Thrift's compact protocol), nothing of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

MOST_COLUMNS = 1000
MOST_PAGE_BYTES = 96 << 20
MOST_LISTED = 20_000_000  # values of a repeated column in one row group
_HEADER_BYTES = 64 << 10
_MOST_HEADER_BYTES = 4 << 20  # statistics may hold a column's longest value, twice

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 0, 1, 2, 3, 7, 8, 12
_INTEGERS = (4, 5, 6)


class PageRefused(ValueError):
    """A page would unfold to more than is allowed, or its header cannot be read."""


class Page(NamedTuple):
    unfolded: int
    stored: int
    values: int
    dictionary: bool
    header: int  # its length


class Dictionary(NamedTuple):
    """A column whose values may be entries of a dictionary, and how large the largest of its dictionaries is."""

    column: str
    bytes: int


def check(file: IO[bytes], metadata: Any) -> list[Dictionary]:
    """Walk through all page headers; raises PageRefused. Returns the columns that have dictionaries."""
    if metadata.num_columns > MOST_COLUMNS:
        raise PageRefused(f"{metadata.num_columns} columns")
    dictionaries: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            listed = metadata.schema.column(number).max_repetition_level > 0
            values = 0
            for page in _pages(file, column):
                values += 0 if page.dictionary else page.values
                if page.unfolded > MOST_PAGE_BYTES or (listed and values > MOST_LISTED):
                    raise PageRefused(f"a page of {page.unfolded} bytes, {values} values")
                if page.dictionary:
                    path = column.path_in_schema
                    dictionaries[path] = max(page.unfolded, dictionaries.get(path, 0))
    return [Dictionary(*one) for one in dictionaries.items()]


def _pages(file: IO[bytes], column: Any) -> Iterator[Page]:
    starts = [column.data_page_offset]
    if column.dictionary_page_offset:  # None, or nought from writers that mean none
        starts.append(column.dictionary_page_offset)
    at = min(starts)
    end = at + column.total_compressed_size
    while at < end:
        page = _page(file, at)
        yield page
        at += page.header + page.stored


def _page(file: IO[bytes], at: int) -> Page:
    size = _HEADER_BYTES
    while True:
        file.seek(at)
        data = file.read(size)
        try:
            return _Header(data).page()
        except IndexError:
            if size >= _MOST_HEADER_BYTES or len(data) < size:
                raise PageRefused("a page header without end") from None
            size = _MOST_HEADER_BYTES


class _Header:
    """One page header. Running off its data raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def page(self) -> Page:
        fields = self._struct()
        kinds = {number: fields[number] for number in (5, 7, 8) if isinstance(fields.get(number), dict)}
        unfolded, stored = fields.get(2), fields.get(3)
        if not isinstance(unfolded, int) or not isinstance(stored, int) or unfolded < 0 or stored < 0:
            raise PageRefused("a page header without sizes")
        values = max((one.get(1, 0) for one in kinds.values() if isinstance(one.get(1, 0), int)), default=0)
        return Page(unfolded, stored, values, 7 in kinds, self._at)

    def _struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > 8:
            raise PageRefused("a page header nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) & 0x0F != _STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 0x0F, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _STRUCT:
            return self._struct(depth + 1)
        if kind == _BINARY:
            self._skip(self._varint())
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BYTE:
            self._skip(1)
        elif kind in _INTEGERS:
            return self._signed()
        else:  # a page header holds no lists, sets or maps
            raise PageRefused("a page header of another kind")
        return None

    def _skip(self, count: int) -> None:
        if self._at + count > len(self._data):
            raise IndexError
        self._at += count

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise PageRefused("a number without end")

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
