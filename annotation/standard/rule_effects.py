"""Two sets of rules on the same pair: the label under each, and the rule that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from relevance.deciding import steps
from relevance.evidence import EvidenceGrid
from relevance.facts import PairFacts
from relevance.rules import FiredRule, RuleSpec, fired_rules


class Effect(NamedTuple):
    """The LORE label under each set, and the rule that decided (None: the evidence alone)."""

    before: str
    after: str
    decided_before: FiredRule | None
    decided_after: FiredRule | None


class TwoSets:
    """`effect(pair, grid)` for any number of pairs; a rule that stands in both sets is looked at once a pair."""

    def __init__(self, before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> None:
        self._both = [rule for rule in before if rule in after]
        self._only_before = [rule for rule in before if rule not in after]
        self._only_after = [rule for rule in after if rule not in before]

    def effect(self, pair: PairFacts, grid: EvidenceGrid) -> Effect:
        shared = fired_rules(pair, grid, self._both)
        gone, new = fired_rules(pair, grid, self._only_before), fired_rules(pair, grid, self._only_after)
        before, decided_before = _decided(grid, [*shared, *gone])
        if not gone and not new:
            return Effect(before, before, decided_before, decided_before)
        after, decided_after = _decided(grid, [*shared, *new])
        return Effect(before, after, decided_before, decided_after)


def _decided(grid: EvidenceGrid, fired: Iterable[FiredRule]) -> tuple[str, FiredRule | None]:
    taken = steps(grid, sorted(fired, key=lambda one: (-one.precedence, one.code)))
    moved = [step.rule for step in taken if step.rule is not None and step.kind != "passed_over"]
    return taken[-1].after, moved[-1] if moved else None
