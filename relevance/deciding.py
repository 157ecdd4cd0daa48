"""From an evidence grid and the rules that fired to a label, a posterior and the rules that decided.

The label, in this order:
 1. `start`: the label the evidence alone suggests (head and overlap).
 2. The fired label rule of the highest precedence replaces it.
 3. Floors raise it, then caps lower it: what speaks against an item weighs more than what speaks for it.
Ties are broken by rule code, so the same evidence always gives the same answer.

The posterior is a bell around a point on the scale 1 to 4: the label, moved by up to REACH with the overlap, and the
wider the less the item says. It sums to 1 and its maximum is the label.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from relevance.chain import LABELS, Label
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, Verdict
from relevance.rules import FiredRule

FULL = 0.75  # overlap from which a matching head makes an excellent item
PART = 0.34  # overlap from which an item is at least related
REACH = 0.42  # how far overlap moves the point within its label; below 0.5, so the label stays the maximum
NARROW, WIDE = 0.50, 0.85  # width of the bell: everything answered, nothing answered


@dataclass(frozen=True)
class Decision:
    """`mismatch` is named exactly where the label is L2."""

    label: Label
    posterior: Mapping[str, float]
    mismatch: Dimension | None
    deciding: tuple[FiredRule, ...]


def start(grid: EvidenceGrid) -> str:
    """What the evidence alone suggests. Silence is not conflict, but too little said is not relevance either."""
    head = grid.head
    conflict = bool(grid.conflicts)
    if head is not None and head.verdict is Verdict.MATCH and grid.overlap >= FULL and not conflict:
        return "L4"
    if head is None and grid.overlap >= FULL and not conflict:
        return "L4"
    return "L3" if grid.overlap >= PART else "L1"


class DecidingStep(NamedTuple):
    """One step from the evidence to the label. `kind`: start, label, floor or cap where the rule moved the label,
    passed_over where it fired and did not. `rule` is None for the start alone."""

    kind: str
    rule: FiredRule | None
    before: str
    after: str


def steps(grid: EvidenceGrid, fired: Iterable[FiredRule]) -> tuple[DecidingStep, ...]:
    """The deterministic combination of fired rules (most important first), step by step; the last `after` is the label."""
    rules = list(fired)
    at = start(grid)
    found = [DecidingStep("start", None, at, at)]
    stated = False
    for effect in ("label", "floor", "cap"):
        for rule in (rule for rule in rules if rule.effect == effect):
            moves = {"label": not stated, "floor": rule.label > at, "cap": rule.label < at}[effect]
            stated = stated or effect == "label"
            after = rule.label if moves else at
            found.append(DecidingStep(effect if moves else "passed_over", rule, at, after))
            at = after
    return tuple(found)


def decide(grid: EvidenceGrid, fired: Iterable[FiredRule]) -> Decision:
    rules = list(fired)
    taken = steps(grid, rules)
    deciding = [step.rule for step in taken if step.rule is not None and step.kind != "passed_over"][-1:]
    grade = int(taken[-1].after[1])
    label = LABELS[grade - 1]
    mismatch = _mismatch(grid, rules, deciding) if label == "L2" else None
    return Decision(label, posterior(grade, grid), mismatch, tuple(deciding))


def _mismatch(grid: EvidenceGrid, rules: Iterable[FiredRule], deciding: list[FiredRule]) -> Dimension:
    """The dimension of the rule that decided, else of the first conflict; category where nothing says more."""
    if deciding:
        return deciding[0].dimension
    return next((row.constraint.kind for row in grid.conflicts), Dimension.CATEGORY)


def posterior(grade: int, grid: EvidenceGrid) -> dict[str, float]:
    """Shares of L1 to L4 around a grade; rounded to 6 places, the label's share taking up the rest."""
    answered = sum(row.verdict is not Verdict.SILENT for row in grid.rows) / len(grid.rows) if grid.rows else 0.0
    width = WIDE - (WIDE - NARROW) * answered
    point = grade + REACH * (2 * grid.overlap - 1) - 0.1 * min(len(grid.conflicts), 2)
    point = min(max(point, grade - 0.45), grade + 0.45)
    weights = [math.exp(-((n - point) ** 2) / (2 * width**2)) for n in (1, 2, 3, 4)]
    total = sum(weights)
    shares: dict[str, float] = {label: round(weight / total, 6) for label, weight in zip(LABELS, weights, strict=True)}
    shares[f"L{grade}"] = round(1 - sum(share for label, share in shares.items() if label != f"L{grade}"), 6)
    return shares
