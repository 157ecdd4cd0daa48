"""Files that a model was trained on, read for their queries: an export's manifest, JSON lines, or one query a line."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from relevance.splits import digest


class Unreadable(Exception):
    """Not a training file, or not whole; the message says which and where."""


def families(path: Path) -> frozenset[str]:
    """The digests of the families of the queries of a file; of a manifest's files only the rows that train. Raises Unreadable."""
    try:
        found = frozenset(map(digest, _of_manifest(path) if path.suffix == ".json" else _queries(path)))
    except (OSError, EOFError, ValueError) as error:
        raise Unreadable(f"{path.name}: {error}") from error
    if not found:
        raise Unreadable(f"{path.name} names no query")
    return found


def _of_manifest(path: Path) -> Iterator[str]:
    """Files must lie beside their manifest, as they were sealed. Rows of an export that knew no split train, all of them."""
    manifest = orjson.loads(path.read_bytes())
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not files:
        raise Unreadable(f"{path.name} is no manifest of an export")
    for entry in files:
        if not entry["name"].endswith(".jsonl"):
            continue
        beside = path.with_name(Path(entry["name"]).name)
        with beside.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                raise Unreadable(f"{beside.name} is not what {path.name} sealed")
        for number, row in _rows(beside):
            if row.get("split", "train") == "train":
                yield _query(row, beside, number)


def _queries(path: Path) -> Iterator[str]:
    if ".txt" in path.suffixes:
        with _open(path) as lines:
            yield from (text for line in lines if (text := line.decode().strip()))
        return
    for number, row in _rows(path):
        yield _query(row, path, number)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise Unreadable(f"{path.name}, row {number}: not an object")
            yield number, row


def _query(row: dict[str, Any], path: Path, number: int) -> str:
    """Its own field, or in the words of the person of a chat, where exports had it before rows named it."""
    if isinstance(row.get("query"), str):
        return str(row["query"])
    try:
        (asked,) = (message["content"] for message in row["messages"] if message["role"] == "user")
        return str(orjson.loads(asked)["query"])
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"{path.name}, row {number}: no query") from None


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
