"""Two sets of rules on the same pair: the label under each, computed once where they do not differ.

Equal to judging each pair alone under each set; what is shared and skipped changes nothing but the time it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from relevance.conditions import All, Condition, RowIs
from relevance.deciding import steps
from relevance.dimensions import Dimension
from relevance.evidence import Grid, Verdict
from relevance.facts import PairFacts
from relevance.rules import FiredRule, RuleSpec, fired_rules


class Effect(NamedTuple):
    """The LORE label under each set, and the rule that decided (None: the evidence alone)."""

    before: str
    after: str
    decided_before: FiredRule | None
    decided_after: FiredRule | None


class _Candidate(NamedTuple):
    spec: RuleSpec
    needs: tuple[frozenset[tuple[Dimension, Verdict]], ...]  # a row of one of each, or the condition cannot hold


class TwoSets:
    """`effect(pair, grid)` for any number of pairs."""

    def __init__(self, before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> None:
        first, second = ({_content(spec): spec for spec in specs} for specs in (before, after))
        self._both = _candidates([spec for content, spec in first.items() if content in second])
        self._only_before = _candidates([spec for content, spec in first.items() if content not in second])
        self._only_after = _candidates([spec for content, spec in second.items() if content not in first])

    def effect(self, pair: PairFacts, grid: Grid) -> Effect:
        rows = {(row.constraint.kind, row.verdict) for row in grid.rows}
        shared = _fired(pair, grid, rows, self._both)
        gone = _fired(pair, grid, rows, self._only_before)
        new = _fired(pair, grid, rows, self._only_after)
        label, decided = _decided(grid, [*shared, *gone])
        if not gone and not new:
            return Effect(label, label, decided, decided)
        other, decided_now = _decided(grid, [*shared, *new])
        return Effect(label, other, decided, decided_now)


def _content(spec: RuleSpec) -> tuple[object, ...]:
    """What decides whether a rule fires and what it does; its words, cases and version number do not."""
    return (
        spec.code, spec.dimension, spec.when, spec.scope_categories, spec.scope_queries, spec.effect, spec.label,
        spec.precedence, spec.valid_from, spec.valid_until,
    )  # fmt: skip


def _candidates(specs: Sequence[RuleSpec]) -> tuple[_Candidate, ...]:
    return tuple(_Candidate(spec, tuple(_needs(spec.when))) for spec in specs if spec.when is not None)


def _needs(condition: Condition) -> list[frozenset[tuple[Dimension, Verdict]]]:
    """Rows without which a condition cannot hold, as far as that can be told from its form."""
    if isinstance(condition, All):
        return [need for part in condition.parts for need in _needs(part)]
    if (
        isinstance(condition, RowIs)
        and condition.kinds
        and condition.verdicts
        and not (condition.source or condition.wins)
    ):
        return [frozenset((kind, verdict) for kind in condition.kinds for verdict in condition.verdicts)]
    return []


def _fired(
    pair: PairFacts, grid: Grid, rows: set[tuple[Dimension, Verdict]], candidates: Sequence[_Candidate]
) -> tuple[FiredRule, ...]:
    possible = [one.spec for one in candidates if not any(need.isdisjoint(rows) for need in one.needs)]
    return fired_rules(pair, grid, possible) if possible else ()


def _decided(grid: Grid, fired: list[FiredRule]) -> tuple[str, FiredRule | None]:
    fired.sort(key=lambda one: (-one.precedence, one.code))
    taken = steps(grid, fired)
    moved = [step.rule for step in taken if step.rule is not None and step.kind != "passed_over"]
    return taken[-1].after, moved[-1] if moved else None
