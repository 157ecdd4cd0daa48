"""Why a pair is hard: the reasons for which a hard set may take it, each with the evidence it rests on.

Works on values and knows nothing of how a hard set is stored; no reason, no place in the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from relevance.labels import Scale

LOW_MARGIN = 0.2


class ReasonKind(StrEnum):
    HUMAN_SPLIT = "human_split"
    HUMAN_MODEL_CONFLICT = "human_model_conflict"
    CONTRADICTION = "contradiction"
    LOW_MARGIN = "low_margin"


@dataclass(frozen=True)
class Evidence:
    """What kind of record speaks, and which one."""

    kind: str
    id: str


@dataclass(frozen=True)
class HumanLabel:
    """A person's label in the project's scale, and the record of it (a judgment, or gold)."""

    code: str
    evidence: Evidence


@dataclass(frozen=True)
class ModelLabel:
    """A model's ok prediction: LORE-4 label, posterior, and which of its parts disagreed."""

    label: str
    evidence: Evidence
    posterior: Mapping[str, float] | None = field(default=None, hash=False)
    contradicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    kind: ReasonKind
    evidence_kind: str
    evidence_id: str


def reasons(
    scale: Scale,
    people: Sequence[HumanLabel],
    settled: HumanLabel | None = None,
    model: ModelLabel | None = None,
    disagreements: Mapping[ReasonKind, Evidence] | None = None,
) -> list[Reason]:
    """Every reason why the pair is hard, in the order of ReasonKind; empty for an easy pair.

    `people` are the judges' current labels, `settled` the gold if there is one. `disagreements` are the
    stored ones by kind: where one stands behind a reason it is the evidence, otherwise the labels are.
    """
    stored = disagreements or {}
    found = _human_split(scale, people, stored.get(ReasonKind.HUMAN_SPLIT))
    if model is not None:
        found += _conflict(scale, people, settled, model, stored.get(ReasonKind.HUMAN_MODEL_CONFLICT))
        if model.contradicts:
            found.append(_reason(ReasonKind.CONTRADICTION, model.evidence))
        if model.posterior and margin(model.posterior) < LOW_MARGIN:
            found.append(_reason(ReasonKind.LOW_MARGIN, model.evidence))
    return found


def margin(posterior: Mapping[str, float]) -> float:
    """How far the likeliest label stands above the next. Rounded, so that 0.6 - 0.4 is not below 0.2."""
    first, second = sorted([*posterior.values(), 0.0, 0.0], reverse=True)[:2]
    return round(first - second, 9)


def _human_split(scale: Scale, people: Sequence[HumanLabel], stored: Evidence | None) -> list[Reason]:
    """The stored disagreement, or the two labels that stand furthest apart."""
    ordered = sorted(people, key=lambda one: scale.grade_of(one.code))
    if not ordered or ordered[0].code == ordered[-1].code:
        return []
    evidence = [stored] if stored else [ordered[0].evidence, ordered[-1].evidence]
    return [_reason(ReasonKind.HUMAN_SPLIT, one) for one in evidence]


def _conflict(
    scale: Scale,
    people: Sequence[HumanLabel],
    settled: HumanLabel | None,
    model: ModelLabel,
    stored: Evidence | None,
) -> list[Reason]:
    """The model against what people hold: the settled label, else the one they share. People who are split
    hold no label that the model could contradict."""
    held = {settled.code} if settled else {one.code for one in people}
    if len(held) != 1 or scale.from_lore(model.label) in held:
        return []
    return [_reason(ReasonKind.HUMAN_MODEL_CONFLICT, stored or model.evidence)]


def _reason(kind: ReasonKind, evidence: Evidence) -> Reason:
    return Reason(kind, evidence.kind, evidence.id)
