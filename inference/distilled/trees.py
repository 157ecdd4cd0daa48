"""Boosted trees as plain arrays: read off scikit-learn's, stored without pickle, evaluated and explained with numpy.

All trees are walked at once, a level a step. Reading a stored model can run no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int32]


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees behind each other. A leaf is its own child, so that a walk may go on past it.

    `values` of an inner node is the mean of its leaves, weighted by the training pairs that reached them.
    """

    feature: Whole
    threshold: Floats
    left: Whole
    right: Whole
    missing_left: NDArray[np.bool_]
    values: Floats
    roots: Whole
    outputs: Whole  # of each tree: which of the raw scores it adds to
    depth: int

    def leaves(self, rows: Floats) -> Whole:
        """The leaf of each row (n) in each tree (t): (n, t)."""
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        for _ in range(self.depth):
            at = self._step(rows, at)
        return at

    def raw(self, rows: Floats, outputs: int) -> Floats:
        """Sums of the leaves' values: (n, outputs)."""
        values = self.values[self.leaves(rows)]
        return np.stack([values[:, self.outputs == output].sum(axis=1) for output in range(outputs)], axis=1)

    def contributions(self, row: Floats, outputs: int) -> Floats:
        """How far each feature moved each raw score of one row: the steps of its paths, (features, outputs).

        With the value of the roots they sum to the raw scores (path attribution, Saabas 2014).
        """
        moved = np.zeros((len(row), outputs))
        at = self.roots.copy()
        for _ in range(self.depth):
            below = self._step(row[None, :], at[None, :])[0]
            np.add.at(moved, (self.feature[at], self.outputs), self.values[below] - self.values[at])
            at = below
        return moved

    def _step(self, rows: Floats, at: Whole) -> Whole:
        value = np.take_along_axis(rows, self.feature[at], axis=1)
        goes_left = np.where(np.isnan(value), self.missing_left[at], value <= self.threshold[at])
        return np.where(goes_left, self.left[at], self.right[at]).astype(np.int32)


def read_off(models: Sequence[Any]) -> tuple[Trees, Floats]:
    """The trees and the mean baseline of scikit-learn's HistGradientBoostingClassifiers of one shape, averaged."""
    feature: list[Any] = []
    threshold: list[Any] = []
    left: list[Any] = []
    right: list[Any] = []
    missing: list[Any] = []
    values: list[Any] = []
    roots: list[int] = []
    outputs: list[int] = []
    at, depth = 0, 1
    for model in models:
        for iteration in model._predictors:
            for output, predictor in enumerate(iteration):
                nodes = predictor.nodes
                leaf = nodes["is_leaf"].astype(bool)
                here = np.arange(len(nodes)) + at
                feature.append(np.where(leaf, 0, nodes["feature_idx"]))
                threshold.append(np.where(leaf, 0.0, nodes["num_threshold"]))
                left.append(np.where(leaf, here, nodes["left"] + at))
                right.append(np.where(leaf, here, nodes["right"] + at))
                missing.append(nodes["missing_go_to_left"].astype(bool))
                values.append(_mean_values(nodes, leaf) / len(models))
                roots.append(at)
                outputs.append(output)
                at += len(nodes)
                depth = max(depth, int(nodes["depth"].max()))
    trees = Trees(
        feature=np.concatenate(feature).astype(np.int32),
        threshold=np.concatenate(threshold).astype(np.float64),
        left=np.concatenate(left).astype(np.int32),
        right=np.concatenate(right).astype(np.int32),
        missing_left=np.concatenate(missing),
        values=np.concatenate(values).astype(np.float64),
        roots=np.array(roots, dtype=np.int32),
        outputs=np.array(outputs, dtype=np.int32),
        depth=depth,
    )
    baseline: Floats = np.mean([model._baseline_prediction.reshape(-1) for model in models], axis=0)
    return trees, baseline


def _mean_values(nodes: Any, leaf: NDArray[np.bool_]) -> Floats:
    """scikit-learn keeps the final values of leaves alone; children stand behind their parents."""
    values = nodes["value"].astype(np.float64)
    for n in range(len(nodes) - 1, -1, -1):
        if not leaf[n]:
            a, b = int(nodes["left"][n]), int(nodes["right"][n])
            counts = float(nodes["count"][a]), float(nodes["count"][b])
            values[n] = (values[a] * counts[0] + values[b] * counts[1]) / (sum(counts) or 1.0)
    found: Floats = values
    return found
