"""A row of a file as it came, or why it cannot be read or does not go in; and why a file cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple


class FileRefused(ValueError):
    """The file as a whole cannot be read; the message says why, for people."""


class RowRefused(ValueError):
    """The row does not go in; `field` says where to look."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


class Rounded(float):
    """A number that its column had no room to keep to the last digit."""


class Row(NamedTuple):
    number: int
    values: Mapping[str, Any]
    size: int  # bytes of the line, an upper bound for each of its fields
    sha256: str = ""  # of the row's bytes as they came; of a Parquet row, of its line of JSON
    storable: bool = False  # known to say neither NUL nor lone surrogates, not even as an escape within a text
    replaced: int = 0  # bytes that could not be read, for which lone surrogates stand


class Broken(NamedTuple):
    number: int
    reason: str
    raw: str
    sha256: str = ""


def shown(line: bytes) -> str:
    return line[:4000].decode("utf-8", "replace")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
