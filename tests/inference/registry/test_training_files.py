"""Files that a model was trained on: which queries they name, and what is no such file."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from inference.registry.training_files import Unreadable, families
from relevance.splits import digests

CHAT = {"messages": [{"role": "user", "content": '{"query": "red mug"}'}, {"role": "assistant", "content": "L4"}]}


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "data", "queries"),
    [
        ("rows.jsonl", lines({"query": "red mug"}, {"query": "Red Mugs"}, {"query": "hat"}), ["red mug", "hat"]),
        ("rows.jsonl.gz", gzip.compress(lines({"query": "red mug"})), ["red mug"]),
        ("chats.jsonl", lines(CHAT, {**CHAT, "query": "hat"}), ["red mug", "hat"]),
        ("queries.txt", "red mug\n\n  杯子 \n".encode(), ["red mug", "杯子"]),
    ],
)
def test_the_queries_of_a_file(tmp_path: Path, name: str, data: bytes, queries: list[str]) -> None:
    (tmp_path / name).write_bytes(data)
    assert families(tmp_path / name) == digests(queries)


def manifest(folder: Path, **files: bytes) -> Path:
    entries: list[dict[str, Any]] = []
    for stem, data in files.items():
        (folder / f"{stem}.jsonl").write_bytes(data)
        entries.append({"name": f"{stem}.jsonl", "sha256": hashlib.sha256(data).hexdigest()})
    (folder / "manifest.json").write_text(json.dumps({"files": [*entries, {"name": "x.csv", "sha256": ""}]}))
    return folder / "manifest.json"


def test_of_a_manifest_the_rows_that_train(tmp_path: Path) -> None:
    """Rows of an export that knew no split all count."""
    train = lines({"query": "red mug", "split": "train"}, {"query": "hat"})
    other = lines({"query": "belt", "split": "validation"}, {"query": "sock", "split": "test"})
    assert families(manifest(tmp_path, train=train, other=other)) == digests(["red mug", "hat"])


def test_a_file_that_is_not_what_the_manifest_sealed_is_refused(tmp_path: Path) -> None:
    path = manifest(tmp_path, train=lines({"query": "red mug"}))
    (tmp_path / "train.jsonl").write_bytes(lines({"query": "hat"}))
    with pytest.raises(Unreadable, match=r"train\.jsonl is not what manifest\.json sealed"):
        families(path)
    (tmp_path / "train.jsonl").unlink()
    with pytest.raises(Unreadable, match="No such file"):
        families(path)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("rows.jsonl", lines({"query": "red mug"}, {"title": "Mug"}), "row 2: no query"),
        ("rows.jsonl", lines({"messages": [{"role": "user", "content": "red mug?"}]}), "row 1: no query"),
        ("rows.jsonl", lines(["red mug"]), "row 1: not an object"),
        ("rows.jsonl", b"{", "rows.jsonl: "),
        ("rows.jsonl", b"", "names no query"),
        ("rows.jsonl.gz", b"no gzip", "rows.jsonl.gz: "),
        ("manifest.json", b'{"rows": 3}', "no manifest of an export"),
        ("queries.txt", b"\xff\n", "queries.txt: "),
    ],
)
def test_what_names_no_queries_is_refused(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        families(tmp_path / name)
