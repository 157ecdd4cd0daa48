"""Rules that can never fire, or whose firing can never show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from relevance.conditions import Not
from relevance.rules import RuleSpec
from rules.linting.finding import Finding
from rules.linting.situations import clauses, covers_dates, implies


def unreachable(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    for spec in specs:
        if spec.valid_from and spec.valid_until and spec.valid_until < spec.valid_from:
            yield _finding(spec, (), _("its validity ends before it begins"))
        parts = clauses(spec.when)
        if any(isinstance(part, Not) and part.part in parts for part in parts):
            yield _finding(spec, (), _("its condition contradicts itself"))
        if (other := _shadow(spec, specs)) is not None:
            values = {"other": other.code}
            yield _finding(spec, (other.code,), _("wherever it fires, %(other)s fires too and outranks it") % values)


def _shadow(spec: RuleSpec, specs: Sequence[RuleSpec]) -> RuleSpec | None:
    """A label rule of higher precedence, or a stricter cap or floor, that fires wherever this one does."""
    for other in specs:
        same = other.effect == spec.effect and other.code != spec.code
        if not same or other.scope_categories or other.scope_queries:
            continue
        if not covers_dates(other, spec) or not implies(spec.when, other.when):
            continue
        stricter = {
            "label": other.precedence > spec.precedence,
            "cap": other.label < spec.label,
            "floor": other.label > spec.label,
        }[spec.effect]
        if stricter:
            return other
    return None


def _finding(spec: RuleSpec, others: tuple[str, ...], why: str) -> Finding:
    return Finding(
        "unreachable",
        "error",
        (spec.code, *others),
        f"{spec.code}: {why}",
        _("Narrow the other rule, change the rank, or retire this one."),
    )
