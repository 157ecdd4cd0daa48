"""A share of rows with an interval that holds for few rows too: what a decision rests on, where a bootstrap alone would not do.

A bootstrap of rows that are all alike has no width: of three right ones it says "from 100 % to 100 %". So the interval is
the wider of the bootstrap's, which knows that a query's rows lean together, and Wilson's, which knows how few there are.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable

import numpy as np

from relevance.resampling import DEFAULT, Bootstrap, Figure, Floats, figures, numbered, ratio

_Z = 1.96


def share(rows: Iterable[tuple[Hashable, bool]], bootstrap: Bootstrap = DEFAULT) -> Figure:
    """The share of rows that are hits, each told with its query; no interval over fewer than two queries."""
    told = list(rows)
    queries = numbered(query for query, _hit in told)
    hits, of = np.zeros(len(queries)), np.zeros(len(queries))
    for query, hit in told:
        of[queries[query]] += 1
        hits[queries[query]] += hit

    def statistic(weights: Floats) -> Floats:
        return ratio(weights @ hits, weights @ of)[:, None]

    [found] = figures(statistic, len(queries), [len(told)], bootstrap)
    if found.low is None or found.high is None:
        return found
    low, high = wilson(int(hits.sum()), len(told))
    return Figure(found.value, min(low, found.low), max(high, found.high), found.n)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share by its counts alone (Wilson 1927); everything where nothing was counted."""
    if not of:
        return 0.0, 1.0
    part, z2 = hits / of, _Z * _Z
    middle, spread = part + z2 / (2 * of), _Z * math.sqrt(part * (1 - part) / of + z2 / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z2 / of)), min(1.0, (middle + spread) / (1 + z2 / of))
