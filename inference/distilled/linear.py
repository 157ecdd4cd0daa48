"""Multinomial logistic regression over standardised features, as plain arrays. A model's score is the mean of its and the trees'.

Trees that see few queries learn the queries by heart; a regularised line cannot, and carries over better to new ones.
Where a feature does not apply (NaN) its mean is read, and that it does not apply is a feature of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STRENGTH = 0.02  # inverse of the regularisation
FARTHEST = 3.0  # standard deviations beyond which a value says no more
OFTEN_MISSING = 0.02  # share of pairs from which a gap is a feature


@dataclass(frozen=True)
class Line:
    """`mean`, `spread` (f + g): of f features and of g gaps, whose features `gaps` names; `weights` (f + g, outputs)."""

    mean: Floats
    spread: Floats
    gaps: NDArray[np.int32]
    weights: Floats
    baseline: Floats

    def raw(self, rows: Floats) -> Floats:
        """Raw scores of rows (n, f): (n, outputs)."""
        scores: Floats = self._standard(rows) @ self.weights + self.baseline
        return scores

    def contributions(self, row: Floats) -> Floats:
        """How far each feature, with its gap, moves each raw score of one row from the mean's: (f, outputs)."""
        moved = self._standard(row[None, :])[0][:, None] * self.weights
        by_feature: Floats = moved[: len(row)].copy()
        np.add.at(by_feature, self.gaps, moved[len(row) :])
        return by_feature

    def _standard(self, rows: Floats) -> Floats:
        return np.clip((_with_gaps(rows, self.mean, self.gaps) - self.mean) / self.spread, -FARTHEST, FARTHEST)


def learn_line(rows: Floats, column: NDArray[np.int64], weight: Floats) -> Line:
    """From rows (n, f), the label column of each and its weight. One output for two labels, else one for each."""
    from sklearn.linear_model import LogisticRegression  # scikit-learn takes a second to load

    missing = np.isnan(rows)
    gaps = np.flatnonzero(missing.mean(axis=0) > OFTEN_MISSING).astype(np.int32)
    known = np.maximum((~missing).sum(axis=0), 1)
    means = np.where(missing, 0.0, rows).sum(axis=0) / known
    wide = _with_gaps(rows, means, gaps)
    spread = wide.std(axis=0)
    mean, spread = wide.mean(axis=0), np.where(spread < 1e-9, 1.0, spread)
    empty: Any = np.zeros((1, 1))
    bare = Line(mean, spread, gaps, empty, empty)
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit(bare._standard(rows), column, sample_weight=weight)
    return Line(mean, spread, gaps, np.ascontiguousarray(model.coef_.T), model.intercept_.astype(np.float64))


def _with_gaps(rows: Floats, means: Floats, gaps: NDArray[np.int32]) -> Floats:
    missing = np.isnan(rows)
    return np.hstack([np.where(missing, means[: rows.shape[1]], rows), missing[:, gaps]])
