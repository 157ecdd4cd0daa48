"""How good labels are against a truth, and how people do among themselves: the figures every report shows.

Everything is computed in the set's own scale; Acc@2 and AUC look at its good/bad cut only. A figure that
cannot be told (one class only, nothing scored, not four grades for Acc@4) is undefined, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relevance.agreement import (
    Rating,
    Table,
    alpha_of,
    between_raters,
    coincidences,
    confusions,
    kappa_of,
    mean_defined,
    rated_twice,
    share_of,
)
from relevance.labels import Scale
from relevance.resampling import DEFAULT, Bootstrap, Figure, Floats, figures, numbered, ratio

# query key, true code, predicted code, and how good the pair was thought to be (the posterior of good labels)
Row = tuple[Hashable, str, str, float | None]
# [resamples, grades, grades] -> [resamples]
Measure = Callable[[Floats], Floats]
_HEADLINES = ("acc2", "acc4", "macro_f1", "kappa_quadratic", "alpha", "auc")


@dataclass(frozen=True)
class ClassFigures:
    """One class. Precision is undefined where it was never predicted, recall where it was never true."""

    code: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class RaterPair:
    """Two raters over the pairs that both rated."""

    first: Hashable
    second: Hashable
    kappa_quadratic: Figure
    agreement: Figure


@dataclass(frozen=True)
class Headline:
    """The figures that every comparison shares, whoever is compared with whom."""

    pairs: int
    queries: int
    acc2: Figure
    acc4: Figure
    macro_f1: Figure
    kappa_quadratic: Figure
    alpha: Figure
    auc: Figure

    @property
    def defined(self) -> bool:
        """Whether any figure is."""
        return any(getattr(self, name).value is not None for name in _HEADLINES)

    def to_json(self) -> dict[str, Any]:
        """As the commands print it: a figure is an object, or null where undefined."""
        return {"pairs": self.pairs} | {name: getattr(self, name).to_json() for name in _HEADLINES}


@dataclass(frozen=True)
class Report(Headline):
    """Predicted labels against true ones; `confusion` has the truth in rows.

    `signed_error` is the mean of predicted less true grade: above 0 is lenient.
    """

    signed_error: Figure
    good_rate: Figure
    true_good_rate: Figure
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class OpinionReport(Headline):
    """Single opinions, two by two; `classes` are F1 by label: of those who say it, how many hear the other say it too."""

    classes: tuple[tuple[str, Figure], ...]


@dataclass(frozen=True)
class PeopleReport(Headline):
    """People among themselves: alpha over all, the others as plain means over every two raters."""

    rater_pairs: tuple[RaterPair, ...]


def report(scale: Scale, rows: Iterable[Row], bootstrap: Bootstrap = DEFAULT) -> Report:
    """Every figure of predicted labels against true ones."""
    rows = list(rows)
    table = confusions(((query, truth, predicted) for query, truth, predicted, _ in rows), scale)
    measures = _against_truth(scale)

    def statistic(weights: Floats) -> Floats:
        confusion = table.under(weights)
        return np.stack([measure(confusion) for measure in measures.values()], axis=-1)

    found = figures(statistic, table.queries, [table.n] * len(measures), bootstrap)
    counts = table.under(np.ones((1, table.queries)))[0]
    return Report(
        pairs=table.n,
        queries=table.queries,
        auc=auc(scale, rows, bootstrap),
        classes=_classes(scale, counts),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
        **dict(zip(measures, found, strict=True)),
    )


def opinion_report(
    scale: Scale, rows: Iterable[tuple[Hashable, str, str]], bootstrap: Bootstrap = DEFAULT, *, alike: bool
) -> OpinionReport:
    """Every two opinions as one case: (query key, one label, the other). `alike`: which is called the first says nothing, as
    between two people; each case then counts half either way round, which changes quadratic kappa alone."""
    table = confusions(rows, scale)
    side = len(scale.grades)
    if alike:
        cells = table.cells.reshape(-1, side, side)
        both = ((cells + cells.swapaxes(1, 2)) / 2).reshape(table.cells.shape)
        table = Table(table.which, both, table.queries, table.n)
    measures = {**_between_two(scale), "alpha": _against_truth(scale)["alpha"]}

    def statistic(weights: Floats) -> Floats:
        confusion = table.under(weights)
        return np.concatenate([np.stack([one(confusion) for one in measures.values()], axis=-1), _f1(confusion)], -1)

    found = figures(statistic, table.queries, [table.n] * (len(measures) + side), bootstrap)
    return OpinionReport(
        pairs=table.n,
        queries=table.queries,
        auc=_undefined(0),
        classes=tuple(zip(scale.codes, found[len(measures) :], strict=True)),
        **dict(zip(measures, found[: len(measures)], strict=True)),
    )


def people_report(scale: Scale, ratings: Iterable[Rating], bootstrap: Bootstrap = DEFAULT) -> PeopleReport:
    """The same figures for people among themselves, over the pairs with two or more ratings."""
    rated = rated_twice(ratings, scale)
    between, together = between_raters(rated, scale), coincidences(rated, scale)
    measures = _between_two(scale)

    def statistic(weights: Floats) -> Floats:
        tables = [one.table.under(weights) for one in between]
        means = [mean_defined([measure(table) for table in tables]) for measure in measures.values()]
        each = [measure(table) for measure in (_quadratic, share_of) for table in tables]
        return np.stack([*means, alpha_of(together.under(weights)), *each], axis=-1)

    shared = [one.table.n for one in between]
    found = figures(statistic, rated.queries, [rated.n] * (len(measures) + 1) + shared + shared, bootstrap)
    means, each = found[: len(measures)], found[len(measures) + 1 :]
    return PeopleReport(
        pairs=rated.n,
        queries=rated.queries,
        alpha=found[len(measures)],
        auc=_undefined(0),
        rater_pairs=tuple(
            RaterPair(one.first, one.second, kappa, share)
            for one, kappa, share in zip(between, each[: len(between)], each[len(between) :], strict=True)
        ),
        **dict(zip(measures, means, strict=True)),
    )


def good_rate(scale: Scale, labels: Iterable[tuple[Hashable, str]], bootstrap: Bootstrap = DEFAULT) -> Figure:
    """The share of good labels; `labels` are (query key, code)."""
    table = confusions(((query, code, code) for query, code in labels), scale)
    good = _good(scale)
    return figures(
        lambda w: _good_share(table.under(w).sum(axis=-1), good)[:, None], table.queries, [table.n], bootstrap
    )[0]


def auc(scale: Scale, rows: Iterable[Row], bootstrap: Bootstrap = DEFAULT) -> Figure:
    """How often a good pair scores above a bad one, a tie counting half; over the scored pairs."""
    scored = sorted(
        ((score, scale.is_good(truth), query) for query, truth, _, score in rows if score is not None),
        key=lambda entry: entry[0],
    )
    if not scored:
        return _undefined(0)
    scores = np.array([score for score, _, _ in scored])
    if np.isnan(scores).any():
        raise ValueError("a score is not a number")
    number = numbered(query for _, _, query in scored)
    query_of = np.array([number[query] for _, _, query in scored])
    good = np.array([is_good for _, is_good, _ in scored], dtype=np.float64)
    starts = np.flatnonzero(np.concatenate(([True], scores[1:] != scores[:-1])))

    def statistic(weights: Floats) -> Floats:
        weight = weights[:, query_of]
        goods = np.add.reduceat(weight * good, starts, axis=1)
        bads = np.add.reduceat(weight * (1 - good), starts, axis=1)
        below = bads.cumsum(axis=1) - bads / 2
        return ratio((goods * below).sum(axis=1), goods.sum(axis=1) * bads.sum(axis=1))[:, None]

    return figures(statistic, len(number), [len(scored)], bootstrap)[0]


def _against_truth(scale: Scale) -> dict[str, Measure]:
    """The measures of a report, by the name of their field."""
    grades = np.array([grade.grade for grade in scale.grades], dtype=np.float64)
    error, good = grades[None, :] - grades[:, None], _good(scale)
    return {
        **_between_two(scale),
        "alpha": lambda confusion: alpha_of(confusion + confusion.swapaxes(-1, -2)),
        "signed_error": lambda confusion: ratio((confusion * error).sum(axis=(-2, -1)), confusion.sum(axis=(-2, -1))),
        "good_rate": lambda confusion: _good_share(confusion.sum(axis=-2), good),
        "true_good_rate": lambda confusion: _good_share(confusion.sum(axis=-1), good),
    }


def _between_two(scale: Scale) -> dict[str, Measure]:
    """The measures that are the same whichever of the two is called the truth."""
    good = _good(scale)
    same_side = (good[:, None] == good[None, :]).astype(np.float64)
    return {
        "acc2": lambda confusion: ratio((confusion * same_side).sum(axis=(-2, -1)), confusion.sum(axis=(-2, -1))),
        "acc4": share_of if len(scale.grades) == 4 else _never,
        "macro_f1": _macro_f1,
        "kappa_quadratic": _quadratic,
    }


def _quadratic(confusion: Floats) -> Floats:
    return kappa_of(confusion, "quadratic")


def _macro_f1(confusion: Floats) -> Floats:
    """The mean F1 of the classes that occur in the truth or in the prediction. A class that occurs in neither
    is left out, in a resample as in the whole."""
    return mean_defined(np.moveaxis(_f1(confusion), -1, 0))


def _f1(confusion: Floats) -> Floats:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return ratio(2 * hits, confusion.sum(axis=-1) + confusion.sum(axis=-2))


def _never(confusion: Floats) -> Floats:
    return np.full(confusion.shape[:-2], np.nan)


def _good(scale: Scale) -> Floats:
    return np.array([scale.is_good(code) for code in scale.codes], dtype=np.float64)


def _good_share(counts: Floats, good: Floats) -> Floats:
    return ratio((counts * good).sum(axis=-1), counts.sum(axis=-1))


def _classes(scale: Scale, confusion: Floats) -> tuple[ClassFigures, ...]:
    hits, true, predicted = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall, f1 = ratio(hits, predicted), ratio(hits, true), _f1(confusion)
    return tuple(
        ClassFigures(code, _known(precision, at), _known(recall, at), _known(f1, at), int(true[at]))
        for at, code in enumerate(scale.codes)
    )


def _known(values: Sequence[float] | Floats, at: int) -> float | None:
    return None if np.isnan(values[at]) else float(values[at])


def _undefined(n: int) -> Figure:
    return Figure(None, None, None, n)
