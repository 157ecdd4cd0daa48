"""Learning to judge from labels that people or a larger model gave: word weights, boosted trees, calibration.

Knows arrays only. A logistic regression learns what words are worth; its score, told of no pair it was learnt from, joins
the features of trees and of a line, whose log-odds are averaged; a temperature, fitted on predictions for queries that
neither had seen, makes the shares believable. Everything is split by query.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from inference.distilled.linear import Line, learn_line
from inference.distilled.trees import Trees, read_off
from relevance.calibration import heated
from relevance.chain import LABELS

Floats = NDArray[np.float64]
Evidence = Sequence[Sequence[tuple[str, float]]]

FOLDS = 5
BAGS = 3  # boosted models of different seeds, averaged
HASHED = 2**17
SMALLEST_WEIGHT = 1e-4
SHAPE: Mapping[str, Any] = {
    "max_iter": 120,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 30,
    "l2_regularization": 5.0,
    "max_features": 0.3,
    "early_stopping": False,
}
WORDS = "word_weights"  # the name of the feature that the logistic regression gives


class TooLittle(ValueError):
    """Not enough to learn from; the message says what is missing."""


@dataclass(frozen=True)
class Lesson:
    """n pairs: features (n, f), their words, shares of L1 to L4 (n, 4), and the query each belongs to."""

    features: Floats
    words: Evidence
    targets: Floats
    groups: Sequence[Hashable]

    def __len__(self) -> int:
        return len(self.features)

    def some(self, chosen: NDArray[Any]) -> Lesson:
        picked = np.arange(len(self))[chosen]
        return Lesson(
            self.features[picked],
            [self.words[n] for n in picked],
            self.targets[picked],
            [self.groups[n] for n in picked],
        )


@dataclass(frozen=True)
class Learnt:
    """What was learnt. `labels` are those the lesson held; the others get no share."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    trees: Trees
    line: Line
    baseline: Floats
    temperature: float
    word_index: NDArray[np.int32]
    word_weight: Floats
    word_baseline: float

    def posterior(self, features: Floats, words: Evidence) -> Floats:
        """Calibrated shares of L1 to L4: (n, 4), each row summing to 1."""
        rows = np.hstack([features, self._word_scores(words)[:, None]])
        return _over_labels(heated(_softmax(self._logits(rows)), self.temperature), self.labels)

    def explain(self, features: Floats, words: Evidence, most: int = 8) -> list[tuple[str, float]]:
        """What moved one pair (features (1, f)) towards good (+) or bad (-), in log-odds, the strongest first.

        The difference between the mean raw scores of good and of bad labels, taken apart by feature along the paths of
        the trees, and along the line from the mean of the pairs it was learnt from.
        """
        row = np.hstack([features, self._word_scores(words)[:, None]])[0]
        moved = (self.trees.contributions(row, len(self.baseline)) + self.line.contributions(row)) / 2
        good = [n for n, label in enumerate(self.labels) if label in ("L3", "L4")]
        bad = [n for n, label in enumerate(self.labels) if label in ("L1", "L2")]
        one = moved.shape[1] == 1  # of two labels: the raw score of the higher one
        total = moved[:, 0] if one else moved[:, good].mean(axis=1) - moved[:, bad].mean(axis=1)
        order = np.argsort(-np.abs(total), kind="stable")[:most]
        return [((*self.names, WORDS)[n], round(float(total[n]), 4)) for n in order if total[n]]

    def _logits(self, rows: Floats) -> Floats:
        raw = (self.trees.raw(rows, len(self.baseline)) + self.baseline + self.line.raw(rows)) / 2
        return np.hstack([np.zeros_like(raw), raw]) if raw.shape[1] == 1 else raw

    def _word_scores(self, words: Evidence) -> Floats:
        scores: Floats = _hashed(words) @ self._dense_weights + self.word_baseline
        return scores

    @cached_property
    def _dense_weights(self) -> Floats:
        dense = np.zeros(HASHED)
        dense[self.word_index] = self.word_weight
        return dense

    @cached_property
    def digest(self) -> str:
        """Of everything that decides an answer."""
        hasher = hashlib.sha256(json.dumps([self.names, self.labels, self.temperature, self.word_baseline]).encode())
        for array in self._arrays().values():
            hasher.update(np.ascontiguousarray(array).tobytes())
        return hasher.hexdigest()

    def to_bytes(self) -> bytes:
        head = {
            "names": self.names,
            "labels": self.labels,
            "temperature": self.temperature,
            "word_baseline": self.word_baseline,
            "depth": self.trees.depth,
        }
        file = io.BytesIO()
        head_bytes = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        np.savez_compressed(file, allow_pickle=False, head=head_bytes, **self._arrays())
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Learnt:
        """Raises ValueError for bytes that are no model; never runs what they hold."""
        try:
            return cls._stored(data)
        except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
            raise ValueError(f"no model, or one of another version: {error}") from error

    @classmethod
    def _stored(cls, data: bytes) -> Learnt:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            parts = {name: stored[f"tree_{name}"] for name in _TREE_ARRAYS}
            line = Line(**{name: stored[f"line_{name}"] for name in _LINE_ARRAYS})
            return cls(
                names=tuple(head["names"]),
                labels=tuple(head["labels"]),
                trees=Trees(**parts, depth=int(head["depth"])),
                line=line,
                baseline=stored["baseline"],
                temperature=float(head["temperature"]),
                word_index=stored["word_index"],
                word_weight=stored["word_weight"],
                word_baseline=float(head["word_baseline"]),
            )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **{f"tree_{name}": getattr(self.trees, name) for name in _TREE_ARRAYS},
            **{f"line_{name}": getattr(self.line, name) for name in _LINE_ARRAYS},
            "baseline": self.baseline,
            "word_index": self.word_index,
            "word_weight": self.word_weight,
        }


_TREE_ARRAYS = [field.name for field in fields(Trees) if field.name != "depth"]
_LINE_ARRAYS = [field.name for field in fields(Line)]


def fit(names: Sequence[str], lesson: Lesson, *, seed: int = 0) -> Learnt:
    """Learn from a lesson whose features have these names. The same lesson and seed give the same model.

    Raises TooLittle where the lesson has fewer queries than folds or only one label.
    """
    unseen = out_of_fold(lesson, lambda part: _fit(names, part, seed), seed=seed)
    learnt = _fit(names, lesson, seed)
    return Learnt(**{**vars_of(learnt), "temperature": _temperature(unseen, lesson.targets)})


def out_of_fold(lesson: Lesson, learn: Callable[[Lesson], Learnt], *, seed: int, folds: int = FOLDS) -> Floats:
    """Shares for each pair by a model that has seen no pair of its query: (n, 4)."""
    fold = fold_of(lesson.groups, folds, seed)
    shares = np.zeros((len(lesson), len(LABELS)))
    for number in range(folds):
        held = fold == number
        part = lesson.some(held)
        shares[held] = learn(lesson.some(~held)).posterior(part.features, part.words)
    return shares


def fold_of(groups: Sequence[Hashable], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for each pair; all pairs of a query are in one."""
    known = sorted({str(group) for group in groups})
    if len(known) < folds:
        raise TooLittle(f"{len(known)} queries are too few to learn from: {folds} at least")
    np.random.default_rng(seed).shuffle(known)
    number = {group: n % folds for n, group in enumerate(known)}
    return np.array([number[str(group)] for group in groups])


def vars_of(learnt: Learnt) -> dict[str, Any]:
    return {field.name: getattr(learnt, field.name) for field in fields(Learnt)}


def _fit(names: Sequence[str], lesson: Lesson, seed: int) -> Learnt:
    from sklearn.ensemble import HistGradientBoostingClassifier  # scikit-learn takes a second to load

    present = lesson.targets.sum(axis=0) > 0
    labels = tuple(label for label, is_there in zip(LABELS, present, strict=True) if is_there)
    if len(labels) < 2:
        raise TooLittle("all pairs have the same label: nothing tells good from bad")
    hashed = _hashed(lesson.words)
    scores = _unseen_word_scores(hashed, lesson, seed)
    weights = _word_model(hashed, lesson.targets)
    rows, column, share = _repeated(np.hstack([lesson.features, scores[:, None]]), lesson.targets[:, present])
    rows = np.where(np.isnan(rows).all(axis=0), 0.0, rows)  # a column without any value cannot be binned
    weight = None if (share == 1).all() else share  # binning by weight takes far longer
    with threadpool_limits(1):  # two threads wait for each other more than they work
        models = [
            HistGradientBoostingClassifier(**SHAPE, random_state=seed * BAGS + bag).fit(rows, column, weight)
            for bag in range(BAGS)
        ]
        line = learn_line(rows, column, share)
    trees, baseline = read_off(models)
    dense = weights.coef_[0]
    kept = np.flatnonzero(np.abs(dense) > SMALLEST_WEIGHT).astype(np.int32)
    return Learnt(
        names=tuple(names),
        labels=labels,
        trees=trees,
        line=line,
        baseline=baseline,
        temperature=1.0,
        word_index=kept,
        word_weight=dense[kept],
        word_baseline=float(weights.intercept_[0]),
    )


def _repeated(rows: Floats, targets: Floats) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Soft labels for a learner of hard ones: a pair once for each label it has a share of, weighted by the share."""
    pair, column = np.nonzero(targets > 0)
    return rows[pair], column, targets[pair, column]


def _hashed(words: Evidence) -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(HASHED, input_type="pair", alternate_sign=False).transform(words)


def _word_model(hashed: Any, targets: Floats) -> Any:
    """What words say of good against bad."""
    from sklearn.linear_model import LogisticRegression

    good = targets[:, 2:].sum(axis=1)
    rows = np.repeat(np.arange(len(good)), 2)
    label = np.tile([1, 0], len(good))
    weight = np.stack([good, 1 - good], axis=1).reshape(-1)
    kept = weight > 0
    if len(set(label[kept])) < 2:
        raise TooLittle("all pairs are good, or all are bad: nothing tells them apart")
    model = LogisticRegression(C=0.5, solver="liblinear", random_state=0)
    return model.fit(hashed[rows[kept]], label[kept], sample_weight=weight[kept])


def _unseen_word_scores(hashed: Any, lesson: Lesson, seed: int) -> Floats:
    fold = fold_of(lesson.groups, FOLDS, seed + 1)
    scores = np.zeros(len(lesson))
    for number in range(FOLDS):
        held = fold == number
        scores[held] = _word_model(hashed[~held], lesson.targets[~held]).decision_function(hashed[held])
    return scores


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _over_labels(shares: Floats, labels: Sequence[str]) -> Floats:
    found = np.zeros((len(shares), len(LABELS)))
    for n, label in enumerate(labels):
        found[:, LABELS.index(label)] = shares[:, n]
    return found


def _temperature(shares: Floats, targets: Floats) -> float:
    """The temperature of the least cross-entropy between shares for unseen queries and targets, from a fixed grid."""
    seen = targets.sum(axis=0) > 0
    grid = np.round(np.exp(np.linspace(np.log(0.5), np.log(3.0), 61)), 4)
    losses = [
        -(targets[:, seen] * np.log(np.maximum(heated(shares[:, seen], temperature), 1e-9))).sum(axis=1).mean()
        for temperature in grid
    ]
    return float(grid[int(np.argmin(losses))])
