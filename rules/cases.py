"""Worked cases held against a whole set of rules: the label that the set gives must be the one the case names.

Brands and other names that only the cases' own items know are learnt from those items, as a project learns them from its
catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from relevance.deciding import Decision, decide
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import RuleSpec, fired_rules, in_force


class FailedCase(NamedTuple):
    """`number` counts from 1 within its rule."""

    rule: str
    number: int
    wanted: str
    told: str
    decided_by: tuple[str, ...]


def lexicon_of(specs: Sequence[RuleSpec], *items: ItemFacts) -> Lexicon:
    """The shipped lexicon with what the worked cases' items, and these, name."""
    return Lexicon.shipped().learn([*(case.item for spec in specs for case in spec.cases), *items])


def told(pair: PairFacts, specs: Sequence[RuleSpec], lexicon: Lexicon) -> Decision:
    """What a set of rules makes of a pair."""
    grid = build_grid(pair, lexicon)
    return decide(grid, fired_rules(pair, grid, specs))


def failing(specs: Sequence[RuleSpec], on: date | None = None) -> Iterator[FailedCase]:
    """Every worked case whose label the set does not give, on a day of the rules' validity (None: all are in force).

    A rule that only people can apply cannot give its label itself: its cases fail where another rule decided otherwise.
    """
    held = specs if on is None else in_force(specs, on)
    lexicon = lexicon_of(specs)
    for spec in specs:
        for number, case in enumerate(spec.cases, 1):
            decision = told(case.pair, held, lexicon)
            if decision.label != case.label and (spec.when is not None or decision.deciding):
                by = tuple(rule.code for rule in decision.deciding)
                yield FailedCase(spec.code, number, case.label, decision.label, by)
