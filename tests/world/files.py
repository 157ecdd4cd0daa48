"""Files of made-up rows of about a kilobyte, as a shop would send them: JSONL or Parquet, written in constant memory."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pyarrow import RecordBatch, parquet  # type: ignore[attr-defined]

PER_QUERY = 20
_TOGETHER = 10_000
_WORDS = [
    "soft", "light", "sturdy", "folding", "round", "small", "large", "quiet", "warm", "dry", "clean", "bright", "simple",
    "woven", "glazed", "brushed", "lined", "padded", "kitchen", "garden", "office", "travel", "winter", "summer", "family",
    "evening", "handle", "cover", "base", "frame", "strap", "pocket", "lid", "shelf", "hook", "cotton", "steel", "oak",
]  # fmt: skip
_NAMES = (
    "colour", "material", "brand", "size", "weight", "origin", "care", "warranty", "season", "pack", "style", "use",
)  # fmt: skip


def rows(count: int, prefix: str = "", raters: int = 0, *, labelled: bool = False) -> Iterator[dict[str, Any]]:
    """Every row an item of its own, the dearest case; twenty rows a query; the same rows for the same arguments.

    Raters agree on two rows of three; `labelled`: every second row comes with its label.
    """
    luck = random.Random(prefix)
    for number in range(count):
        yield {
            "query": f"{prefix}mug {number // PER_QUERY}",
            "item_id": f"{prefix}{number}",
            "title": f"Mug number {number}, {_said(luck, 6)}",
            "category": f"home > {luck.choice(_WORDS)} > mugs",
            "attributes": {name: _said(luck, 2) for name in _NAMES},
            "description": _said(luck, 60),
            "price": f"{luck.randint(100, 9999) / 100:.2f}",
            **({"ratings": _ratings(number, raters)} if raters else {}),
            **({"label": "L4" if number % 3 else "L1"} if labelled and number % 2 else {}),
        }


def _ratings(number: int, raters: int) -> dict[str, str]:
    said = {f"rater {one}": "L4" for one in range(raters)}
    return {**said, "rater 0": "L1"} if number % 3 == 0 else said


def _said(luck: random.Random, words: int) -> str:
    return " ".join(luck.choices(_WORDS, k=words))


def write_jsonl(path: Path, count: int, prefix: str = "", raters: int = 0, *, labelled: bool = False) -> None:
    with path.open("wb") as file:
        for row in rows(count, prefix, raters, labelled=labelled):
            file.write(orjson.dumps(row) + b"\n")


def write_parquet(path: Path, count: int, prefix: str = "", raters: int = 0) -> None:
    made = rows(count, prefix, raters)
    first = list(itertools.islice(made, _TOGETHER))
    schema = RecordBatch.from_pylist(first).schema
    with parquet.ParquetWriter(path, schema) as writer:  # type: ignore[no-untyped-call]
        part = first
        while part:
            writer.write_batch(RecordBatch.from_pylist(part, schema))
            part = list(itertools.islice(made, _TOGETHER))
