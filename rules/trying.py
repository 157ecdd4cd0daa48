"""A condition tried on a pair that somebody types in: what it means, whether it holds, and how the label comes about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from projects.requests import number
from relevance.conditions import parse_condition
from relevance.deciding import DecidingStep, steps
from relevance.evidence import EvidenceGrid, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.rules import RuleError, RuleSpec, fired_rules, parse_rule
from rules import reading
from rules.cases import lexicon_of
from rules.reading import Phrase

BLANK: Mapping[str, Any] = {
    "code": "R-999",
    "version": 1,
    "dimension": "category",
    "title": {"en": "-", "zh": "-"},
    "statement": {"en": "-", "zh": "-"},
    "effect": "cap",
    "label": "L2",
    "precedence": 50,
    "cases": [],
}


@dataclass(frozen=True)
class Tried:
    """`fires`: the literals the condition rests on, None where it does not hold. `steps` are the whole draft's."""

    fires: tuple[str, ...] | None
    grid: EvidenceGrid
    steps: tuple[DecidingStep, ...]

    @property
    def label(self) -> str:
        return self.steps[-1].after


def phrase(data: Mapping[str, Any] | None) -> Phrase | None:
    return reading.phrase(parse_condition(data)) if data else None


def try_out(
    query: str,
    title: str,
    attributes: Mapping[str, str],
    data: Mapping[str, Any] | None,
    rule: Mapping[str, Any],
    precedence: str,
    specs: Sequence[RuleSpec],
) -> Tried:
    """The pair under the draft's rules with this rule as it stands in the form."""
    pair = PairFacts(query, ItemFacts("", title, cpv=tuple(attributes.items())))
    grid = build_grid(pair, lexicon_of(specs, pair.item))
    condition = parse_condition(data) if data else None
    fires = condition.holds(pair, grid) if condition is not None else None
    others = tuple(spec for spec in specs if spec.code != rule["code"])
    try:
        typed = number(precedence)
        spec = replace(parse_rule({**rule, "precedence": 50 if typed is None else typed}), when=condition)
    except RuleError:
        spec = None
    held = (*others, spec) if spec is not None else others
    return Tried(fires, grid, steps(grid, fired_rules(pair, grid, held)))
