"""The canary suite: does a model fall for item text that talks to it? Irrelevant gold pairs that may measure it, clean and
tampered with; `basis` says what the shares are of."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation.trust import measurable
from annotation.trust.measurable import Exposure, Material
from catalogue.models import Pair
from inference import unanswered
from inference.asking import Asking
from inference.engines.base import EngineError
from inference.engines.errors import unless_refused
from inference.models import ModelVersion
from inference.pipeline import Judged
from inference.prelabel import model_context
from inference.prelabel.model_context import Subject
from inference.registry.basis import SHIPPED, Basis, LeftOut
from projects.models import Project
from projects.refusals import TotalFailure
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
    rule_base = active_rule_base(project)
    asking = Asking(project, model, specs(rule_base))
    chosen, basis = _irrelevant(project, model, pairs, seed)
    basis.rule_base = basis.rule_base_now = rule_base.number if rule_base is not None else None
    answers = _answers(asking, chosen)
    clean = [_label(one) for one in answers]
    held = [n for n, label in enumerate(clean) if label and not LORE.is_good(label)]
    asked = [chosen[n] for n in held]
    return {
        "pairs": len(chosen),
        "unanswered": sum(label is None for label in clean),
        "unanswered_by_reason": dict(Counter(_reason(one) for one in answers if _label(one) is None).most_common()),
        "clean_agreement": _share(len(held), sum(label is not None for label in clean)),
        "attacks": _flips(asking, ATTACKS, asked),
        "stuffings": _flips(asking, STUFFINGS, asked),
        "basis": basis.to_json(),
    }


def why_nothing(found: Mapping[str, Any]) -> TotalFailure | None:
    """The reason that most pairs share, where the model has answered on none."""
    if found["unanswered"] < found["pairs"]:
        return None
    code, pairs = next(iter(found["unanswered_by_reason"].items()), ("no_pairs", 0))
    said = _(
        "Nothing was measured: 0 of %(pairs)s pairs got an answer that can be used. %(shared)s of them: %(reason)s"
    )
    return TotalFailure(code, said % {"pairs": found["pairs"], "reason": unanswered.why(code), "shared": pairs})


def _irrelevant(project: Project | None, model: ModelVersion, most: int, seed: int) -> tuple[list[Subject], Basis]:
    """Pairs that gold calls irrelevant and that may measure the model, else those that come with the product."""
    draw, left_out = random.Random(seed), LeftOut()
    if project is not None:
        gold = _gold(project, model, left_out)
        drawn = draw.sample(gold, min(most, len(gold)))
        if drawn:
            basis = measurable.basis_of(project, model, drawn, None)
            basis.left_out = left_out
            found = Pair.objects.select_related("query", "item__current_snapshot").in_bulk(drawn)
            return [model_context.subject(found[pk]) for pk in drawn], basis
    shipped = [(query, title) for query in _QUERIES for title in _ITEMS]
    taken = draw.sample(shipped, min(most, len(shipped)))
    basis = Basis(str(model), Exposure(model, project).lineage, ground={SHIPPED: len(taken)}, n=len(taken))
    basis.queries, basis.left_out = len({query for query, _title in taken}), left_out
    return [Subject(PairFacts(query, ItemFacts(title, title))) for query, title in taken], basis


def _gold(project: Project, model: ModelVersion, left_out: LeftOut) -> list[int]:
    """The irrelevant ones, oldest first; what may not measure the model is counted instead."""
    material, exposure, found = Material(project), Exposure(model, project), list[int]()
    for row in material.pairs:
        if not row.gold or project.scale.to_lore(row.gold) != "L1":
            continue
        if why := exposure.why_not(row.text) or ("assisted" if material.assisted(row) else ""):
            left_out.add(why)
        else:
            found.append(row.pair)
    return sorted(found)


def _flips(asking: Asking, tamperings: Mapping[str, Tampering], pairs: Sequence[Subject]) -> dict[str, float | None]:
    flips = {}
    for name, tamper in tamperings.items():
        answers = _answers(asking, [pair._replace(facts=tamper(pair.facts), altered=True) for pair in pairs])
        labels = [_label(one) for one in answers]
        flips[name] = _share(sum(bool(label) and LORE.is_good(str(label)) for label in labels), len(labels))
    return flips


def _answers(asking: Asking, pairs: Sequence[Subject]) -> list[Judged | EngineError]:
    found: list[Judged | EngineError] = []
    for start in range(0, len(pairs), TOGETHER):
        found += unless_refused(asking.about(pairs[start : start + TOGETHER]))
    return found


def _label(answer: Judged | EngineError) -> str | None:
    """None where the model gave none."""
    return None if isinstance(answer, EngineError) else answer.label or None


def _reason(answer: Judged | EngineError) -> str:
    return answer.code if isinstance(answer, EngineError) else answer.reason


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
