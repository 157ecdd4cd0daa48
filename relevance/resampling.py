"""Figures with an interval: a bootstrap that resamples whole queries, since a query's pairs lean together.

A statistic is a function of query weights (how often each query was drawn), so the point value is the
statistic under weight one everywhere. Knows nothing of labels.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 20251203
_LEVEL = (2.5, 97.5)
# entries of one block of weights: bounds the memory whatever the number of queries
_BLOCK = 2_000_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# [resamples, queries] -> [resamples, figures], nan where a figure is undefined
Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval over `n` pairs; None where undefined.

    There is no interval over fewer than two queries, nor where the value is undefined in most resamples.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_json(self) -> dict[str, float | int | None] | None:
        """The figure as the commands print it: null where undefined."""
        if self.value is None:
            return None
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


@dataclass(frozen=True)
class Bootstrap:
    """How often to resample, and from which seed: same input, same seed, same interval."""

    resamples: int = RESAMPLES
    seed: int = SEED

    def weights(self, queries: int, width: int) -> Iterator[Floats]:
        """Blocks of rows, each saying how often every query was drawn in `queries` draws with replacement."""
        generator = np.random.default_rng(self.seed)
        block = max(1, _BLOCK // max(1, queries, width))
        for start in range(0, self.resamples, block):
            rows = min(block, self.resamples - start)
            drawn = generator.integers(0, queries, size=(rows, queries))
            drawn += np.arange(rows)[:, None] * queries
            counts = np.bincount(drawn.ravel(), minlength=rows * queries)
            yield counts.reshape(rows, queries).astype(np.float64)


DEFAULT = Bootstrap()


def figures(statistic: Statistic, queries: int, ns: Sequence[int], bootstrap: Bootstrap = DEFAULT) -> list[Figure]:
    """One figure for each column that the statistic returns; `ns` says over how many pairs each stands."""
    if queries == 0:
        return [Figure(None, None, None, n) for n in ns]
    values = statistic(np.ones((1, queries)))[0]
    if queries == 1:
        return [Figure(_number(value), None, None, n) for value, n in zip(values, ns, strict=True)]
    blocks = bootstrap.weights(queries, width=max(ns, default=1))
    replicates = np.concatenate([statistic(weights) for weights in blocks])
    return [
        _figure(float(value), replicates[:, column], n)
        for column, (value, n) in enumerate(zip(values, ns, strict=True))
    ]


def numbered(keys: Iterable[Hashable]) -> dict[Hashable, int]:
    """A number for each distinct key that does not depend on the order in which the rows came."""
    return {key: number for number, key in enumerate(sorted(set(keys), key=repr))}


def ratio(over: Floats, under: Floats) -> Floats:
    """over / under, nan where under is zero."""
    undefined: Floats = np.full(np.broadcast(over, under).shape, np.nan)
    return np.divide(over, under, out=undefined, where=under != 0)


def _figure(value: float, replicates: Floats, n: int) -> Figure:
    if np.isnan(value):
        return Figure(None, None, None, n)
    defined = replicates[~np.isnan(replicates)]
    if 2 * len(defined) < len(replicates):
        return Figure(value, None, None, n)
    low, high = np.percentile(defined, _LEVEL)
    return Figure(value, float(low), float(high), n)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
