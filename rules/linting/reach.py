"""Rules that can never fire, whose firing can never show, or that no card could ever show."""

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


def unrouted(specs: Sequence[RuleSpec]) -> Iterator[Finding]:
    """A condition of bounds and exceptions alone is about nothing that a query asks or an item states."""
    for spec in specs:
        if spec.when is not None and not spec.scope_queries and not spec.when.routable:
            why = _("its condition names no wish and no words, so no card and no prompt ever shows it")
            yield Finding(
                "unrouted",
                "warning",
                (spec.code,),
                f"{spec.code}: {why}",
                _("Name the wish it is about, or words of the query."),
            )
