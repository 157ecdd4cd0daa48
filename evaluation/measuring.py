"""A model on pairs whose true label is known: what it says of them, and the figures. Which pairs those are says who measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from catalogue.models import Pair
from inference.asking import Asking
from inference.distilled.fitting import Floats
from inference.engines.base import EngineError
from inference.models import ModelVersion
from inference.pipeline import Judged
from inference.prelabel import model_context
from projects.models import Project
from relevance.calibration import Bin, expected_calibration_error, reliability
from relevance.chain import LABELS
from relevance.facts import PairFacts
from relevance.labels import Scale
from relevance.metrics import report
from relevance.rules import RuleSpec

TOGETHER = 500  # pairs that are asked about at once


class LabelledPair(Protocol):
    """A pair with its facts, and its true label in the project's scale."""

    @property
    def pair(self) -> Pair: ...

    @property
    def facts(self) -> PairFacts: ...

    @property
    def truth(self) -> str: ...


def figures_of(scale: Scale, test: Sequence[LabelledPair], shares: Floats) -> dict[str, Any]:
    """Acc@2, Acc@4, Macro-F1, quadratic kappa, AUC with intervals by query; calibration of P(good), 10 equal-mass bins."""
    good_of = np.array([scale.is_good(scale.from_lore(label)) for label in LABELS])
    good = shares[:, good_of].sum(axis=1)
    told = [scale.from_lore(LABELS[int(n)]) for n in shares.argmax(axis=1)]
    rows = [
        (one.facts.query, one.truth, label, float(share)) for one, label, share in zip(test, told, good, strict=True)
    ]
    truly = np.array([scale.is_good(one.truth) for one in test], dtype=np.float64)
    return {
        **report(scale, rows).to_json(),
        "ece": round(expected_calibration_error(good, truly), 6),
        "calibration": [_bin(one) for one in reliability(good, truly)],
    }


def _bin(one: Bin) -> dict[str, float]:
    return dict(vars(one))


def shares_of(model: ModelVersion, project: Project, test: Sequence[LabelledPair], rules: Sequence[RuleSpec]) -> Floats:
    """What a distilled model says of the pairs when it is asked as pre-labelling asks it."""
    asking, found = Asking(project, model, rules), list[list[float]]()
    for start in range(0, len(test), TOGETHER):
        told = asking.about([model_context.subject(one.pair) for one in test[start : start + TOGETHER]])
        found += [_posterior(one) for one in told]
    return np.array(found)


def _posterior(answer: Judged | EngineError) -> list[float]:
    assert isinstance(answer, Judged) and answer.posterior is not None, "a distilled engine always answers"
    return [answer.posterior[label] for label in LABELS]
