"""How far a model's confidence can be believed, and how to make it believable.

Confidence is the share a model gives to its label. Temperature scaling keeps the order of the labels (Guo et al. 2017);
isotonic regression maps confidence to the share that was right (Zadrozny & Elkan 2002) and needs more pairs.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Floats = NDArray[np.float64]
METHODS = ("temperature", "isotonic")
BINS = 10
FEWEST = 30  # pairs below which nothing is fitted
ISOTONIC_FROM = 300
_COLDEST, _HOTTEST = 0.2, 8.0


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability diagram: how sure the model was, how often it was right, over how many pairs."""

    confidence: float
    accuracy: float
    pairs: int


@dataclass(frozen=True)
class Fit:
    """A fitted map from a posterior to a confidence, with its honest figures: each pair measured by a fit without it."""

    method: str
    parameters: Mapping[str, list[float]]
    pairs: int
    ece_before: float
    ece_after: float
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]


def fit(
    posteriors: Sequence[Mapping[str, float]],
    labels: Sequence[str],
    truths: Sequence[str],
    groups: Sequence[Hashable],
    *,
    method: str | None = None,
    folds: int = 5,
) -> Fit:
    """From n posteriors over the labels, the label each model answer got, the true labels and their queries.

    Raises ValueError below FEWEST pairs, and where all are of one query. Without `method`, isotonic from ISOTONIC_FROM pairs on.
    """
    if len(posteriors) < FEWEST:
        raise ValueError(f"{len(posteriors)} pairs are too few to measure confidence: {FEWEST} at least")
    if len(set(groups)) < 2:
        raise ValueError(f"{len(posteriors)} pairs of one query say nothing of other queries: two queries at least")
    chosen = method or ("isotonic" if len(posteriors) >= ISOTONIC_FROM else "temperature")
    right = np.array([label == truth for label, truth in zip(labels, truths, strict=True)], dtype=np.float64)
    raw = np.array([posterior[label] for posterior, label in zip(posteriors, labels, strict=True)])
    after = np.empty_like(raw)
    fold = _folds(groups, folds)
    for number in range(folds):
        inside, outside = fold != number, fold == number
        if not outside.any():
            continue
        parameters = _parameters(chosen, _some(posteriors, inside), _some(truths, inside), raw[inside], right[inside])
        after[outside] = [
            confidence(chosen, parameters, posterior, label)
            for posterior, label in zip(_some(posteriors, outside), _some(labels, outside), strict=True)
        ]
    return Fit(
        method=chosen,
        parameters=_parameters(chosen, posteriors, truths, raw, right),
        pairs=len(raw),
        ece_before=expected_calibration_error(raw, right),
        ece_after=expected_calibration_error(after, right),
        bins_before=reliability(raw, right),
        bins_after=reliability(after, right),
    )


def confidence(
    method: str, parameters: Mapping[str, Sequence[float]], posterior: Mapping[str, float], label: str
) -> float:
    """The calibrated share of a label, 0 to 1."""
    if method == "temperature":
        shares = np.array(list(posterior.values()))
        return float(heated(shares[None, :], parameters["temperature"][0])[0][list(posterior).index(label)])
    return float(np.interp(posterior[label], parameters["x"], parameters["y"]))


def _parameters(
    method: str, posteriors: Sequence[Mapping[str, float]], truths: Sequence[str], raw: Floats, right: Floats
) -> dict[str, list[float]]:
    if method == "temperature":
        return {"temperature": [_temperature(posteriors, truths)]}
    if method != "isotonic":
        raise ValueError(f"{method!r} is none of {', '.join(METHODS)}")
    from sklearn.isotonic import IsotonicRegression  # scikit-learn takes a second to load

    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw, right)
    return {
        "x": [round(float(x), 6) for x in steps.X_thresholds_],
        "y": [round(float(y), 6) for y in steps.y_thresholds_],
    }


def _temperature(posteriors: Sequence[Mapping[str, float]], truths: Sequence[str]) -> float:
    """The temperature of the least mean negative log-likelihood, by golden-section search on its logarithm."""
    labels = list(posteriors[0])
    shares = np.array([[posterior[label] for label in labels] for posterior in posteriors])
    column = np.array([labels.index(truth) for truth in truths])

    def loss(log_temperature: float) -> float:
        true = heated(shares, float(np.exp(log_temperature)))[np.arange(len(column)), column]
        return float(-np.log(np.maximum(true, 1e-9)).mean())

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return round(float(np.exp((low + high) / 2)), 6)


def heated(shares: Floats, temperature: float) -> Floats:
    """Shares (n, labels) with their logits divided by a temperature: above 1 less sure, below 1 surer."""
    logits = np.log(np.maximum(shares, 1e-9)) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


def expected_calibration_error(confidences: Floats, right: Floats, bins: int = BINS) -> float:
    """Mean distance between confidence and share right over equal-mass bins, weighted by their pairs."""
    found = reliability(confidences, right, bins)
    return float(sum(abs(one.confidence - one.accuracy) * one.pairs for one in found) / max(1, len(right)))


def reliability(confidences: Floats, right: Floats, bins: int = BINS) -> tuple[Bin, ...]:
    """The reliability diagram over equal-mass bins; ties are kept in the order of the data."""
    order = np.argsort(confidences, kind="stable")
    return tuple(
        Bin(round(float(confidences[part].mean()), 6), round(float(right[part].mean()), 6), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    )


def _folds(groups: Sequence[Hashable], folds: int) -> NDArray[np.int64]:
    """A fold for each pair: all pairs of a query in one, queries dealt out in the order they come."""
    order = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([order[group] % folds for group in groups])


def _some(values: Sequence[T], chosen: NDArray[np.bool_]) -> list[T]:
    return [value for value, wanted in zip(values, chosen, strict=True) if wanted]
