"""Worked cases against each other and against their own rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from relevance.facts import ItemFacts, fold
from relevance.rules import RuleSpec, WorkedCase
from rules import cases
from rules.linting.finding import Finding


def between_cases(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    """The same query over the same item with different labels, within a rule or between two."""
    seen: dict[tuple[object, ...], tuple[str, WorkedCase]] = {}
    for spec in specs:
        for case in spec.cases:
            code, first = seen.setdefault(_identity(case), (spec.code, case))
            if first.label == case.label:
                continue
            yield Finding(
                "contradictory_cases",
                "error",
                tuple(dict.fromkeys((code, spec.code))),
                _("“%(query)s” × “%(title)s” is %(first)s in %(one)s and %(second)s in %(other)s")
                % {"query": case.query, "title": case.item.title, "first": first.label, "one": code,
                   "second": case.label, "other": spec.code},
                _("Decide which label holds, and take the other case out."),
            )  # fmt: skip


def failing(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    """Cases whose label the whole set does not give."""
    for failed in cases.failing(specs):
        yield Finding(
            "failing_case",
            "error",
            tuple(dict.fromkeys((failed.rule, *failed.decided_by))),
            _("case %(number)s of %(rule)s: %(told)s instead of %(wanted)s, decided by %(by)s")
            % {"number": failed.number, "rule": failed.rule, "told": failed.told, "wanted": failed.wanted,
               "by": ", ".join(failed.decided_by) or _("the evidence alone")},
            _("Change the condition, the precedence, or the case."),
            failed.number,
        )  # fmt: skip


def _identity(case: WorkedCase) -> tuple[object, ...]:
    return fold(case.query), _item(case.item)


def _item(item: ItemFacts) -> tuple[object, ...]:
    attributes = tuple(sorted((fold(name), fold(value)) for name, value in item.cpv))
    texts = tuple(map(fold, (item.title, item.category, item.caption, item.shop)))
    return *texts, attributes, tuple(sku.name for sku in item.skus)
