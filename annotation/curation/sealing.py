"""Files that count only once they are whole: written aside, hashed while written, stored, and a manifest last."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson
from django.core.files import File
from django.core.files.storage import default_storage

from relevance.spreadsheets import csv_line

LEVELS = 3  # folders that storing a file may have made: attempt, export, exports


@dataclass
class SealedFile:
    """One file under way; knows its rows, bytes and SHA-256 as it grows."""

    path: Path
    name: str
    rows: int = 0
    counted: bool = True  # whether its rows add to the export's; a CSV beside a JSONL says the same rows again
    _hash: Any = field(default_factory=hashlib.sha256)
    _file: IO[bytes] | None = None

    def __enter__(self) -> SealedFile:
        self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._file is not None
        with self._file as file:  # closed even where the disk takes no more
            file.flush()
            os.fsync(file.fileno())

    def write(self, data: bytes, *, rows: int = 1) -> None:
        assert self._file is not None
        self._file.write(data)
        self._hash.update(data)
        self.rows += rows

    def write_json(self, row: dict[str, Any]) -> None:
        self.write(orjson.dumps(row) + b"\n")

    def write_csv(self, cells: Iterable[object], *, rows: int = 1) -> None:
        self.write(csv_line(cells).encode(), rows=rows)

    def entry(self) -> dict[str, Any]:
        """Its line in the manifest."""
        return {
            "name": self.name,
            "rows": self.rows,
            "bytes": self.path.stat().st_size,
            "sha256": self._hash.hexdigest(),
            "counted": self.counted,
        }


def store(folder: str, files: Iterable[SealedFile]) -> None:
    for sealed in files:
        with sealed.path.open("rb") as file:
            keep(f"{folder}/{sealed.name}", File(file))


def keep(path: str, content: File[Any]) -> None:
    """Into the storage, and where that is a folder of ours down to the disk: a row that says sealed never comes first."""
    default_storage.save(path, content)
    try:
        file = Path(default_storage.path(path))
    except NotImplementedError:  # a storage that is no folder answers when it has it
        return
    for stored in (file, *islice(file.parents, LEVELS)):
        descriptor = os.open(stored, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def manifest_bytes(manifest: dict[str, Any]) -> bytes:
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def sha256_of(path: str) -> str:
    digest = hashlib.sha256()
    with default_storage.open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def discard(folder: str) -> None:
    """Remove what a superseded or cancelled export had stored."""
    if not default_storage.exists(folder):
        return
    for name in default_storage.listdir(folder)[1]:
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)
