"""The linter of rule sets: contradictions, gaps and what can never fire; each finding names both sides and what to decide."""

from __future__ import annotations

from collections.abc import Sequence

from relevance.rules import RuleSpec
from rules.linting import bands, contradictions, rank, reach, texts
from rules.linting.finding import Finding

__all__ = ["Finding", "lint"]


def lint(specs: Sequence[RuleSpec]) -> tuple[Finding, ...]:
    """Every finding about a set of rules, errors first. Knows values alone."""
    found = [
        *contradictions.between_cases(specs),
        *contradictions.failing(specs),
        *rank.of_equal_rank(specs),
        *bands.gaps(specs),
        *bands.undecided_prices(specs),
        *reach.unreachable(specs),
        *reach.unrouted(specs),
        *texts.lacking(specs),
    ]
    return tuple(sorted(found, key=lambda one: (one.severity != "error", one.kind, one.rules)))
