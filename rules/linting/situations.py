"""When a rule applies, taken apart: a set of clauses that must all hold, and whether one such set contains another."""

from __future__ import annotations

from datetime import date

from relevance.conditions import All, Condition, RowIs
from relevance.item_conditions import CategoryContains, ItemContains, QueryContains, ShopContains
from relevance.rules import RuleSpec

_CONTAINS = (CategoryContains, ItemContains, QueryContains, ShopContains)


def clauses(condition: Condition | None) -> tuple[Condition, ...]:
    """The parts of nested `all`s; a condition of another form is one clause."""
    if condition is None:
        return ()
    if isinstance(condition, All):
        return tuple(clause for part in condition.parts for clause in clauses(part))
    return (condition,)


def implies(narrow: Condition | None, wide: Condition | None) -> bool:
    """Whether the wide condition holds wherever the narrow one does, as far as their forms show it."""
    if narrow is None or wide is None:
        return False
    own = clauses(narrow)
    return all(any(_clause_implies(one, wanted) for one in own) for wanted in clauses(wide))


def share_scope(first: RuleSpec, second: RuleSpec) -> bool:
    """Whether some pair may lie in the scope of both."""
    return _meet(first.scope_categories, second.scope_categories) and _meet(first.scope_queries, second.scope_queries)


def share_dates(first: RuleSpec, second: RuleSpec) -> bool:
    """Whether there is a day on which both are in force."""
    begins = max(first.valid_from or date.min, second.valid_from or date.min)
    ends = min(first.valid_until or date.max, second.valid_until or date.max)
    return begins <= ends


def covers_dates(outer: RuleSpec, inner: RuleSpec) -> bool:
    """Whether the outer is in force on every day that the inner is."""
    return (outer.valid_from or date.min) <= (inner.valid_from or date.min) and (inner.valid_until or date.max) <= (
        outer.valid_until or date.max
    )


def _meet(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    return not first or not second or bool({word.casefold() for word in first} & {word.casefold() for word in second})


def _clause_implies(narrow: Condition, wide: Condition) -> bool:
    if narrow == wide:
        return True
    if isinstance(narrow, RowIs) and isinstance(wide, RowIs):
        return (
            _within(narrow.kinds, wide.kinds)
            and _within(narrow.values, wide.values)
            and _within(narrow.verdicts, wide.verdicts)
            and set(wide.flags) <= set(narrow.flags)
            and (narrow.source, narrow.wins) == (wide.source, wide.wins)
        )
    for kind in _CONTAINS:
        if isinstance(narrow, kind) and isinstance(wide, kind):
            return set(narrow.words) <= set(wide.words)
    return False


def _within(narrow: tuple[object, ...], wide: tuple[object, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))
