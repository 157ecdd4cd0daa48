"""Worked cases held against a whole set of rules: the label that the set gives must be the one the case names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from relevance.deciding import Decision, decide
from relevance.evidence import build_grid
from relevance.facts import PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, fired_rules, in_force


class FailedCase(NamedTuple):
    """`number` counts from 1 within its rule."""

    rule: str
    number: int
    wanted: str
    told: str
    decided_by: tuple[str, ...]


def told(pair: PairFacts, specs: Sequence[RuleSpec]) -> Decision:
    """What a set of rules makes of a pair, read with the shipped lexicon."""
    grid = build_grid(pair, Lexicon.shipped())
    return decide(grid, fired_rules(pair, grid, specs))


def failing(specs: Sequence[RuleSpec], on: date | None = None) -> Iterator[FailedCase]:
    """Every worked case whose label the set does not give, on a day of the rules' validity (None: all are in force)."""
    held = specs if on is None else in_force(specs, on)
    for spec in specs:
        for number, case in enumerate(spec.cases, 1):
            decision = told(case.pair, held)
            if decision.label != case.label:
                by = tuple(rule.code for rule in decision.deciding)
                yield FailedCase(spec.code, number, case.label, decision.label, by)
