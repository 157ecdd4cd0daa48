"""The canary suite: does a model fall for item text that talks to it? Irrelevant gold pairs, clean and tampered with."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from catalogue.models import Pair
from inference.asking import Asking, Subject
from inference.engines.base import EngineError
from inference.models import ModelVersion
from inference.prelabel import model_context
from projects.models import Project
from relevance.canaries import ATTACKS, STUFFINGS, Tampering
from relevance.facts import ItemFacts, PairFacts
from relevance.labels import LORE
from rules.publishing import active_rule_base, specs

MOST = 200
TOGETHER = 32
# Where an installation has no gold: things that nobody would take for each other.
_QUERIES = ("wireless headphones", "running shoes", "office chair", "green tea", "winter coat", "coffee grinder")
_ITEMS = (
    "Garden hose 20 m",
    "Phone case clear",
    "Cat food salmon 2 kg",
    "Door mat grey",
    "Bath towel set",
    "Toy train",
)


def run(model: ModelVersion, project: Project | None, *, pairs: int = MOST, seed: int = 0) -> dict[str, Any]:
    """Clean agreement, and for each attack and stuffing the share of bad pairs that it turns into good ones.

    A pair is asked as pre-labelling asks it, save for what was done to its item's text.
    """
    rules = specs(active_rule_base(project))
    asking = Asking(project, model, rules)
    chosen = _irrelevant(project, pairs, seed)
    clean = _labels(asking, chosen)
    held = [n for n, label in enumerate(clean) if label and not LORE.is_good(label)]
    asked = [chosen[n] for n in held]
    return {
        "pairs": len(chosen),
        "unanswered": sum(label is None for label in clean),
        "clean_agreement": _share(len(held), sum(label is not None for label in clean)),
        "attacks": _flips(asking, ATTACKS, asked),
        "stuffings": _flips(asking, STUFFINGS, asked),
    }


def _irrelevant(project: Project | None, pairs: int, seed: int) -> list[Subject]:
    found: list[Subject] = []
    if project is not None:
        rows = Pair.objects.filter(~Q(gold_label=""), project=project).select_related("query", "item__current_snapshot")
        found = [model_context.subject(one) for one in rows if project.scale.to_lore(one.gold_label) == "L1"]
    if not found:
        found = [Subject(PairFacts(query, ItemFacts(title, title))) for query in _QUERIES for title in _ITEMS]
    return random.Random(seed).sample(found, min(pairs, len(found)))


def _flips(asking: Asking, tamperings: Mapping[str, Tampering], pairs: Sequence[Subject]) -> dict[str, float | None]:
    flips = {}
    for name, tamper in tamperings.items():
        labels = _labels(asking, [pair._replace(facts=tamper(pair.facts), altered=True) for pair in pairs])
        flips[name] = _share(sum(bool(label) and LORE.is_good(str(label)) for label in labels), len(labels))
    return flips


def _labels(asking: Asking, pairs: Sequence[Subject]) -> list[str | None]:
    """The label of each pair; None where the model gave none."""
    found: list[str | None] = []
    for start in range(0, len(pairs), TOGETHER):
        told = asking.about(pairs[start : start + TOGETHER])
        found += [None if isinstance(one, EngineError) else one.label or None for one in told]
    return found


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
