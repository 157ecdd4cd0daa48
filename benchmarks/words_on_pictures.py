"""How many of the words that a shopper reads on product photos are read, and whether an image cell says what is not there.

    python -m benchmarks.words_on_pictures --photos DIR --truth FILE [--bare FILE]

DIR holds photos and a manifest.jsonl with their titles. FILE of --truth has a line for each photo with legible print:
{"file", "words"}, written by who looked at the photos before any reader did. --bare: a line for each photo without legible
print: {"file"}. Each photo goes the product's way: decoded and re-encoded, read in the child under its limits. Words are
compared folded, `bare of accents` also without them; intervals resample photos. Grids: each photo's words are asked for by
the titles of all photos in the truth; a cell that speaks is wrong where a word of its literal is not among the words that
people read. One JSON object on the last line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import benchmarks  # noqa: F401  (sets Django up)
from catalogue.pictures import decoding, printed_words
from catalogue.pictures.printed_words import PrintedLine
from catalogue.pictures.readers import RapidOcr
from relevance.evidence import Cell, Source, Verdict, build_grid
from relevance.facts import ItemFacts, PairFacts, fold
from relevance.lexicon import Lexicon
from relevance.tokens import tokens

DRAWS = 10_000


@dataclass(frozen=True)
class Photo:
    """A photo as it was read: what people read on it, every line that the reader told, the words that count, its cost."""

    file: str
    title: str
    truth: frozenset[str]
    lines: tuple[PrintedLine, ...]
    cpu_seconds: float
    seconds: float

    @property
    def words(self) -> str:
        return printed_words.words([self.lines])


class Spent:
    """Of the child that reads: processor time so far, and the most memory that it had."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")

    def cpu_seconds(self) -> float:
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def peak_mib(self) -> int:
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--photos", type=Path, required=True)
    asked.add_argument("--truth", type=Path, required=True)
    asked.add_argument("--bare", type=Path)
    options = asked.parse_args()
    titles = {row["file"]: row["title"] for row in rows(options.photos / "manifest.jsonl")}
    reader = RapidOcr()
    started = time.perf_counter()
    reader.read(decoding.encode((options.photos / next(iter(titles))).read_bytes()).large)
    assert reader._child is not None, "a reader that has read has its child"
    spent, start_seconds = Spent(reader._child.pid), time.perf_counter() - started

    def photo(told: dict[str, Any]) -> Photo:
        large = decoding.encode((options.photos / told["file"]).read_bytes()).large
        began, before = time.perf_counter(), spent.cpu_seconds()
        lines = reader.read(large).lines
        cpu, seconds = spent.cpu_seconds() - before, time.perf_counter() - began
        words = frozenset(map(fold, told.get("words", ())))
        return Photo(told["file"], titles[told["file"]], words, lines, cpu, seconds)

    printed = [photo(told) for told in rows(options.truth)]
    bare = [photo(told) for told in rows(options.bare)] if options.bare else []
    queries = sorted({one.title for one in printed})
    found = {
        "photos": len(printed),
        "legible_words": sum(len(one.truth) for one in printed),
        "read": share([(one.truth, spoken(one.lines)) for one in printed]),
        "read_words_of_the_title": share([(one.truth & words_of(one.title), spoken(one.lines)) for one in printed]),
        "read_bare_of_accents": share([(plain(one.truth), plain(spoken(one.lines))) for one in printed]),
        "read_and_counted": share([(one.truth, words_of(one.words)) for one in printed]),
        "counted_lines_of_people": counted(printed),
        "cells": cells(printed, queries),
        "bare": {
            "photos": len(bare),
            "with_counted_words": sum(bool(one.words) for one in bare),
            **cells(bare, queries),
        },
        "cpu_seconds": spread([one.cpu_seconds for one in (*printed, *bare)]),
        "seconds": spread([one.seconds for one in (*printed, *bare)]),
        "start_seconds": round(start_seconds, 2),
        "peak_mib": spent.peak_mib(),
        "reader": reader.name,
    }
    reader.close()
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def words_of(text: str) -> frozenset[str]:
    """As people wrote them down: a line's pieces without the signs around them, and numbers without their units' signs."""
    pieces = (piece for token in fold(text).split() for piece in (token, *token.replace("&", " ").split()))
    return frozenset(piece.strip(".,:;!?*°\"'()[]%-®™&") for piece in pieces) | {one.text for one in tokens(text)}


def spoken(lines: Iterable[PrintedLine]) -> frozenset[str]:
    return frozenset[str]().union(*(words_of(line.text) for line in lines))


def plain(words: Iterable[str]) -> frozenset[str]:
    parts = ((unicodedata.normalize("NFD", word)) for word in words)
    return frozenset("".join(sign for sign in part if not unicodedata.combining(sign)) for part in parts)


def share(told: Sequence[tuple[frozenset[str], frozenset[str]]]) -> dict[str, Any]:
    """Of all words that people read, those that were read right; the interval resamples photos."""
    right = np.array([len(truth & read) for truth, read in told], dtype=float)
    of = np.array([len(truth) for truth, _read in told], dtype=float)
    return interval(right, of)


def interval(right: np.ndarray[Any, Any], of: np.ndarray[Any, Any]) -> dict[str, Any]:
    if not of.sum():
        return {"value": None, "low": None, "high": None, "n": 0}
    drawn = np.random.default_rng(8).integers(0, len(of), (DRAWS, len(of)))
    shares = right[drawn].sum(1) / np.maximum(of[drawn].sum(1), 1)
    low, high = np.percentile(shares, (2.5, 97.5))
    return {"value": round(right.sum() / of.sum(), 3), "low": round(low, 3), "high": round(high, 3), "n": int(of.sum())}


def counted(photos: Sequence[Photo]) -> dict[str, Any]:
    """Of the lines that count, those that hold a word that people read there."""
    lines = [one.words.splitlines() for one in photos]
    right = [
        sum(bool(plain(words_of(line)) & plain(one.truth)) for line in told)
        for one, told in zip(photos, lines, strict=True)
    ]
    return interval(np.array(right, dtype=float), np.array([len(told) for told in lines], dtype=float))


def cells(photos: Sequence[Photo], queries: Sequence[str]) -> dict[str, Any]:
    """What the image column says to queries for all the photos' things."""
    said, wrong = np.zeros(len(photos)), np.zeros(len(photos))
    for number, one in enumerate(photos):
        for cell in speaking(one, queries):
            said[number] += 1
            literal = plain(words_of(cell.literal))
            wrong[number] += cell.verdict is Verdict.CONFLICT or not literal & plain(one.truth)
    return {"cells": int(said.sum()), "wrong": int(wrong.sum()), "share_wrong": interval(wrong, said)}


def speaking(photo: Photo, queries: Sequence[str]) -> list[Cell]:
    item = ItemFacts(photo.file, "Item", picture_words=photo.words)
    grids = [build_grid(PairFacts(query, item), LEXICON) for query in queries]
    found = [cell for grid in grids for row in grid.rows for cell in row.cells if cell.source is Source.CAPTION]
    return [cell for cell in found if cell.verdict is not Verdict.SILENT]


def spread(values: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.percentile(values, (5, 50, 95))
    return {"median": round(middle, 2), "p5": round(low, 2), "p95": round(high, 2), "mean": round(np.mean(values), 2)}


LEXICON = Lexicon.shipped()

if __name__ == "__main__":
    main()
