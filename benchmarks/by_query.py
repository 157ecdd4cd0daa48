"""Figures of what was counted query by query: shares and F1 with 95 % intervals that resample whole queries."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from relevance.resampling import Floats, figures, ratio

Counts = Counter[str]
Sums = Callable[[str], Floats]


def lines(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.splitlines()]


def measured(
    counted: Sequence[Counts], shown: Mapping[str, tuple[Callable[[Sums], Floats], str]]
) -> dict[str, dict[str, float | int | None] | None]:
    """Figures of counts by query: each a function of sums, and the name of the count that says over how many it stands."""
    names = sorted({name for one in counted for name in one})
    table = np.array([[one[name] for name in names] for one in counted], dtype=np.float64).reshape(len(counted), -1)

    def statistic(weights: Floats) -> Floats:
        sums = dict(zip(names, (weights @ table).T, strict=True))
        nothing = np.zeros(len(weights))
        return np.stack([figure(lambda name: sums.get(name, nothing)) for figure, _ in shown.values()], axis=1)

    ns = [sum(one[over] for one in counted) for _, over in shown.values()]
    return {name: one.to_json() for name, one in zip(shown, figures(statistic, len(counted), ns), strict=True)}


def share(part: str, whole: str) -> tuple[Callable[[Sums], Floats], str]:
    return lambda sums: ratio(sums(part), sums(whole)), whole


def f1(right: str, found: str, hit: str, wanted: str) -> tuple[Callable[[Sums], Floats], str]:
    def harmonic(sums: Sums) -> Floats:
        precision, recall = ratio(sums(right), sums(found)), ratio(sums(hit), sums(wanted))
        return ratio(2 * precision * recall, precision + recall)

    return harmonic, wanted
