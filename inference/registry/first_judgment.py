"""One real pair, judged before a model is registered: the product's own prompt, and its answer read as every answer is.

A probe of short calls tells what a server can do; only a whole answer tells whether the model does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from inference import unanswered
from inference.asking import Asking
from inference.engines.base import EngineError
from inference.engines.server_words import shown
from inference.models import ModelVersion
from inference.pipeline import Judged
from inference.prelabel.model_context import Subject
from relevance.facts import ItemFacts, PairFacts
from rules.publishing import active_rule_base, specs

PAIR = PairFacts(
    "red ceramic mug 350 ml",
    ItemFacts("shipped", "Ceramic coffee mug, red, 350 ml", cpv=(("colour", "red"), ("material", "ceramic"))),
)


@dataclass(frozen=True)
class FirstJudgment:
    """A label, or a code of why there is none; then with the beginning of what the model said."""

    label: str
    code: str = ""
    answer: str = ""

    @property
    def sentence(self) -> str:
        return unanswered.why_invalid(self.code)

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def judge_first(model: ModelVersion) -> FirstJudgment:
    """Of a model that need not be stored yet, under the newest rules. Raises EngineError where there was no answer at all."""
    asking = Asking(None, model, specs(active_rule_base()))
    (judged,) = asking.about([Subject(PAIR)])
    if isinstance(judged, EngineError):
        raise judged
    return _told(judged)


def _told(judged: Judged) -> FirstJudgment:
    if judged.label:
        return FirstJudgment(judged.label)
    return FirstJudgment("", judged.reason, shown(judged.completion.text))


def of(found: Mapping[str, Any]) -> FirstJudgment | None:
    """What a model's row tells of it; None for one that was registered without."""
    told = found.get("first_judgment")
    return FirstJudgment(**told) if told else None
