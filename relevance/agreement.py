"""Agreement between judges: percent, Cohen's kappa, ordinal Krippendorff's alpha, each with an interval.

1 is perfect agreement, 0 what chance alone would give, below 0 worse than chance. The chance-corrected ones
are undefined (None) where only one class occurs: then nothing can be told from chance. Distances run over the
grades of the whole scale, also over those that nobody used. Knows judges only as keys.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from relevance.labels import Scale, UnknownLabel
from relevance.resampling import DEFAULT, Bootstrap, Figure, Floats, Ints, figures, numbered, ratio

__all__ = [
    "Bootstrap",
    "Figure",
    "Paired",
    "Rating",
    "Weighting",
    "cohen_kappa",
    "krippendorff_alpha",
    "mean_pairwise_kappa",
    "percent_agreement",
]

Weighting = Literal["none", "linear", "quadratic"]


# query key and the two codes that one of its pairs was given
Paired = tuple[Hashable, str, str]
# query key, pair key, rater, code
Rating = tuple[Hashable, Hashable, Hashable, str]


def percent_agreement(pairs: Iterable[Paired], scale: Scale, bootstrap: Bootstrap = DEFAULT) -> Figure:
    """The share of pairs on which both labels are the same."""
    table = confusions(pairs, scale)
    return figures(lambda w: share_of(table.under(w))[:, None], table.queries, [table.n], bootstrap)[0]


def cohen_kappa(
    pairs: Iterable[Paired],
    scale: Scale,
    weighting: Weighting = "quadratic",
    bootstrap: Bootstrap = DEFAULT,
) -> Figure:
    """Cohen's kappa of two judges; `weighting` says how much more a distant disagreement counts."""
    table = confusions(pairs, scale)
    return figures(lambda w: kappa_of(table.under(w), weighting)[:, None], table.queries, [table.n], bootstrap)[0]


def krippendorff_alpha(
    ratings: Iterable[Rating],
    scale: Scale,
    bootstrap: Bootstrap = DEFAULT,
) -> Figure:
    """Ordinal alpha over any number of judges; a pair with a single rating says nothing and is left out."""
    table = coincidences(rated_twice(ratings, scale), scale)
    return figures(lambda w: alpha_of(table.under(w))[:, None], table.queries, [table.n], bootstrap)[0]


def mean_pairwise_kappa(
    ratings: Iterable[Rating],
    scale: Scale,
    weighting: Weighting = "quadratic",
    bootstrap: Bootstrap = DEFAULT,
) -> Figure:
    """The plain mean of kappa over every two judges who share a pair; undefined ones are left out."""
    rated = rated_twice(ratings, scale)
    between = between_raters(rated, scale)

    def statistic(weights: Floats) -> Floats:
        return mean_defined([kappa_of(one.table.under(weights), weighting) for one in between])[:, None]

    return figures(statistic, rated.queries, [rated.n], bootstrap)[0]


# -- tables: additive over queries, so a resample is a weighted sum


@dataclass(frozen=True)
class Table:
    """A square table of counts for each of some queries. `which` numbers these among all `queries`."""

    which: Ints
    cells: Floats  # [len(which), grades * grades]
    queries: int
    n: int

    def under(self, weights: Floats) -> Floats:
        """[resamples, queries] -> [resamples, grades, grades]: the table of each resample."""
        side = round(self.cells.shape[1] ** 0.5)
        chosen = weights if len(self.which) == self.queries else weights[:, self.which]
        return (chosen @ self.cells).reshape(len(weights), side, side)


@dataclass(frozen=True)
class BetweenRaters:
    """The confusion table of two raters over the pairs that both rated."""

    first: Hashable
    second: Hashable
    table: Table


@dataclass(frozen=True)
class Rated:
    """The pairs with two or more ratings: for each its query's number, and grade positions by rater."""

    query_of: Ints
    grades: tuple[dict[Hashable, int], ...]
    queries: int

    @property
    def n(self) -> int:
        return len(self.grades)


class _Positions(dict[str, int]):
    """Where each code of a scale stands in its tables."""

    def __init__(self, scale: Scale) -> None:
        super().__init__((code, position) for position, code in enumerate(scale.codes))
        self._scale = scale

    def __missing__(self, code: str) -> int:
        raise UnknownLabel(code, self._scale)


def confusions(pairs: Iterable[Paired], scale: Scale) -> Table:
    """Rows are the first label, columns the second."""
    rows = list(pairs)
    place, number = _Positions(scale), numbered(query for query, _, _ in rows)
    queries = np.array([number[query] for query, _, _ in rows], dtype=np.int64)
    first = np.array([place[code] for _, code, _ in rows], dtype=np.int64)
    second = np.array([place[code] for _, _, code in rows], dtype=np.int64)
    return _table(queries, first, second, scale, len(number))


def rated_twice(ratings: Iterable[Rating], scale: Scale) -> Rated:
    """The pairs that can show agreement; a rater who answers twice on a pair is an error of the caller."""
    place = _Positions(scale)
    units: dict[tuple[Hashable, Hashable], dict[Hashable, int]] = {}
    for query, pair, rater, code in ratings:
        unit = units.setdefault((query, pair), {})
        if rater in unit:
            raise ValueError(f"rater {rater!r} has two labels on pair {pair!r}")
        unit[rater] = place[code]
    shared = {key: unit for key, unit in units.items() if len(unit) > 1}
    number = numbered(query for query, _ in shared)
    query_of = np.array([number[query] for query, _ in shared], dtype=np.int64)
    return Rated(query_of, tuple(shared.values()), len(number))


def coincidences(rated: Rated, scale: Scale) -> Table:
    """Krippendorff's coincidences: each pair adds its ordered pairs of ratings over its ratings less one."""
    side = len(scale.grades)
    counts = np.zeros((rated.n, side))
    for row, unit in enumerate(rated.grades):
        for position in unit.values():
            counts[row, position] += 1
    ordered = counts[:, :, None] * counts[:, None, :] - np.eye(side) * counts[:, None, :]
    cells = np.zeros((rated.queries, side * side))
    others = counts.sum(axis=1)[:, None, None] - 1
    np.add.at(cells, rated.query_of, (ordered / others).reshape(rated.n, side * side))
    return Table(np.arange(rated.queries), cells, rated.queries, rated.n)


def between_raters(rated: Rated, scale: Scale) -> list[BetweenRaters]:
    """A table for every two raters who share a pair, in a fixed order."""
    shared: dict[tuple[Hashable, Hashable], list[tuple[int, int, int]]] = {}
    for query, unit in zip(rated.query_of.tolist(), rated.grades, strict=True):
        for first, second in combinations(sorted(unit, key=repr), 2):
            shared.setdefault((first, second), []).append((query, unit[first], unit[second]))
    between = []
    for (first, second), rows in sorted(shared.items(), key=lambda entry: repr(entry[0])):
        queries, left, right = np.array(rows, dtype=np.int64).T
        between.append(BetweenRaters(first, second, _table(queries, left, right, scale, rated.queries)))
    return between


def _table(query_of: Ints, first: Ints, second: Ints, scale: Scale, queries: int) -> Table:
    side = len(scale.grades)
    which, row = np.unique(query_of, return_inverse=True)
    flat = np.bincount((row * side + first) * side + second, minlength=len(which) * side * side)
    cells = flat.reshape(len(which), side * side).astype(np.float64)
    return Table(which, cells, queries, len(query_of))


# -- statistics of one table or of many: [..., grades, grades] -> [...]


def share_of(confusion: Floats) -> Floats:
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def kappa_of(confusion: Floats, weighting: Weighting) -> Floats:
    """One less observed over expected disagreement, expected from the two judges' own use of the grades."""
    distance = _distances(confusion.shape[-1], weighting)
    rows, cols = confusion.sum(axis=-1), confusion.sum(axis=-2)
    expected = np.einsum("...i,ij,...j->...", rows, distance, cols)
    observed = (confusion * distance).sum(axis=(-2, -1)) * confusion.sum(axis=(-2, -1))
    return 1.0 - ratio(observed, expected)


def alpha_of(coincidence: Floats) -> Floats:
    """Ordinal alpha. The distance of two grades is the number of ratings between their middles, so it is
    taken anew from the marginals of every table."""
    used = coincidence.sum(axis=-1)
    middle = used.cumsum(axis=-1) - used / 2
    distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    expected = (used[..., :, None] * used[..., None, :] * distance).sum(axis=(-2, -1))
    observed = (coincidence * distance).sum(axis=(-2, -1)) * (used.sum(axis=-1) - 1)
    return 1 - ratio(observed, expected)


def mean_defined(values: Sequence[Floats] | Floats) -> Floats:
    """The mean over several statistics of those that are defined, nan where none is."""
    stacked = np.stack(list(values))
    defined = ~np.isnan(stacked)
    return ratio(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


def _distances(side: int, weighting: Weighting) -> Floats:
    apart = np.abs(np.arange(side)[:, None] - np.arange(side)[None, :]).astype(np.float64)
    power = {"none": 0, "linear": 1, "quadratic": 2}[weighting]
    weighted: Floats = np.where(apart > 0, apart**power, 0.0)
    return weighted
