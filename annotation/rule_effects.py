"""Two sets of rules on the same pair: the label under each, computed once where they do not differ.

Equal to judging each pair alone under each set. What a query's words rule out is worked out once a query, and what the
verdicts of a grid's rows decide once for all pairs that look alike; only what is left open is held against the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from relevance.conditions import All, AnyOf, Condition, Not, RowIs
from relevance.deciding import steps
from relevance.evidence import Grid, Row
from relevance.facts import PairFacts
from relevance.item_conditions import QueryContains
from relevance.rules import FiredRule, RuleSpec, fired_rules

REMEMBERED = 20_000  # queries, and looks of grids


class Effect(NamedTuple):
    """The LORE label under each set, and the rule that decided (None: the evidence alone), without its literals."""

    before: str
    after: str
    decided_before: FiredRule | None
    decided_after: FiredRule | None


class _Outlook(NamedTuple):
    """Of a set of rules: those that fire whatever the item says, and those that depend on it."""

    certain: tuple[FiredRule, ...]
    open: tuple[RuleSpec, ...]

    def fired(self, pair: PairFacts, grid: Grid) -> tuple[FiredRule, ...]:
        return (*self.certain, *fired_rules(pair, grid, self.open)) if self.open else self.certain


Outlooks = tuple[_Outlook, _Outlook, _Outlook]
_Allowed = tuple[list[RuleSpec], list[RuleSpec], list[RuleSpec]]


class TwoSets:
    """`effect(pair, grid)` for any number of pairs."""

    def __init__(self, before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> None:
        first, second = ({_content(spec): spec for spec in specs} for specs in (before, after))
        self._both = [spec for content, spec in first.items() if content in second]
        self._only_before = [spec for content, spec in first.items() if content not in second]
        self._only_after = [spec for content, spec in second.items() if content not in first]
        self._values = frozenset(value for spec in (*before, *after) for value in _values(spec.when))
        self._of_query: dict[str, _Allowed] = {}
        self._alike: dict[tuple[tuple[str, ...], ...], _Allowed] = {}  # by the codes of what is allowed
        self._outlooks: dict[tuple[object, ...], Outlooks] = {}

    def effect(self, pair: PairFacts, grid: Grid) -> Effect:
        both, only_before, only_after = self._outlook(pair, grid)
        shared, gone, new = both.fired(pair, grid), only_before.fired(pair, grid), only_after.fired(pair, grid)
        label, decided = _decided(grid, [*shared, *gone])
        if not gone and not new:
            return Effect(label, label, decided, decided)
        other, decided_now = _decided(grid, [*shared, *new])
        return Effect(label, other, decided, decided_now)

    def _outlook(self, pair: PairFacts, grid: Grid) -> Outlooks:
        allowed = self._allowed(pair)
        key = (id(allowed), *[_looks(row, self._values) for row in grid.rows])
        found = self._outlooks.get(key)
        if found is None:
            if len(self._outlooks) >= REMEMBERED:
                self._outlooks.clear()
            both, only_before, only_after = allowed
            found = self._outlooks[key] = (
                _outlook(both, pair, grid),
                _outlook(only_before, pair, grid),
                _outlook(only_after, pair, grid),
            )
        return found

    def _allowed(self, pair: PairFacts) -> _Allowed:
        """The rules that the words of the query do not rule out; one object for all queries that allow the same."""
        found = self._of_query.get(pair.query)
        if found is None:
            if len(self._of_query) >= REMEMBERED:
                self._of_query.clear()
            both, only_before, only_after = (
                [one for one in specs if one.may_concern(pair) and _told(one.when, pair, None) is not False]
                for specs in (self._both, self._only_before, self._only_after)
            )
            codes = tuple(tuple(one.code for one in specs) for specs in (both, only_before, only_after))
            found = self._of_query[pair.query] = self._alike.setdefault(codes, (both, only_before, only_after))
        return found


def _looks(row: Row, values: frozenset[str]) -> tuple[object, ...]:
    """All that `_told` looks at in a row; a value that no rule names is like any other."""
    wish = row.constraint
    value = wish.value if wish.value in values else ""
    return wish.kind, value, wish.head, wish.negated, wish.word, row.verdict


def _values(condition: Condition | None) -> Iterator[str]:
    """The values of rows that a condition names."""
    match condition:
        case RowIs(values=values):
            yield from values
        case Not(part):
            yield from _values(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _values(part)


def _outlook(specs: Sequence[RuleSpec], pair: PairFacts, grid: Grid) -> _Outlook:
    certain, open_ = [], []
    for spec in specs:
        holds = _told(spec.when, pair, grid)
        if holds is None or (holds and spec.scope_categories):
            open_.append(spec)
        elif holds:
            certain.append(
                FiredRule(spec.code, spec.version, spec.dimension, spec.effect, spec.label, spec.precedence, ())
            )
    return _Outlook(tuple(certain), tuple(open_))


def _told(condition: Condition | None, pair: PairFacts, grid: Grid | None) -> bool | None:
    """Whether it holds as far as the query alone tells, or with a grid the looks of its rows alone; None: not yet."""
    match condition:
        case None:
            return False
        case QueryContains() if grid is None:
            return condition.found_in(pair) is not None
        case RowIs(source=None, wins=()) if grid is not None:
            return condition.holds(pair, grid) is not None
        case Not(part):
            holds = _told(part, pair, grid)
            return None if holds is None else not holds
        case All(parts):
            return _first(parts, pair, grid, ends=False)
        case AnyOf(parts):
            return _first(parts, pair, grid, ends=True)
    return None


def _first(parts: Sequence[Condition], pair: PairFacts, grid: Grid | None, *, ends: bool) -> bool | None:
    """`ends` as soon as one part tells so, else the opposite, unless some part tells nothing."""
    answer: bool | None = not ends
    for part in parts:
        holds = _told(part, pair, grid)
        if holds is ends:
            return ends
        if holds is None:
            answer = None
    return answer


def _content(spec: RuleSpec) -> tuple[object, ...]:
    """What decides whether a rule fires and what it does; its words, cases and version number do not."""
    return (
        spec.code, spec.dimension, spec.when, spec.scope_categories, spec.scope_queries, spec.effect, spec.label,
        spec.precedence, spec.valid_from, spec.valid_until,
    )  # fmt: skip


def _decided(grid: Grid, fired: list[FiredRule]) -> tuple[str, FiredRule | None]:
    fired.sort(key=lambda one: (-one.precedence, one.code))
    taken = steps(grid, fired)
    moved = [step.rule for step in taken if step.rule is not None and step.kind != "passed_over"]
    return taken[-1].after, moved[-1] if moved else None
