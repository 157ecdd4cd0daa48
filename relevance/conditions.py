"""The small language in which a rule says when it applies: over the evidence grid and the item, as plain data.

    row: {kind: colour, verdict: conflict}     some row of the grid is like this
    all: [...]   any: [...]   not: {...}       combined
    overlap: {at_least: 0.5, below: 0.9}       the share of the query that is answered
    category_contains: [shoes, 鞋]             the item's category or title names one of these
    query_contains: [pure, 纯]                 the query does
    item_contains: [sample, 小样]              any text of the item does
    shop_contains: [official, 官方]            the name of its shop does
    price_stated: true                         the catalogue names a price
    amount: {of: mass, off: {at_most: 0.1}}    how far the item's amount lies outside the asked one
    share: {of: [cotton, 棉], at_least: 95}    what percentage of it the item says is this

A condition that holds answers with the literals it rests on, so that a fired rule can say why. What is read is counted
first: at most so many values, so deep, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol, TypeVar

from relevance import subjects
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, EvidenceRow, Source, Verdict
from relevance.facts import PairFacts
from relevance.item_conditions import (
    Amount,
    CategoryContains,
    ItemContains,
    PriceStated,
    QueryContains,
    Share,
    ShopContains,
)
from relevance.misread import Misread, quoted, within
from relevance.subjects import NOTHING, STANDS, Speaking, StatedAs, SubjectMatter
from relevance.units import UNITS

E = TypeVar("E", bound=StrEnum)
ROW_KEYS = ("kind", "value", "verdict", "source", "wins", "head", "negated", "word", "describes")
ROUGHLY = 0.15  # how far outside its bounds an overlap still brings a rule before a pair
MOST_DEPTH = 16  # lists and mappings within each other: `all` within `all` eight times
MOST_VALUES = 10_000
QUANTITIES = frozenset({unit.quantity for unit in UNITS.values()} | {"year"})


class ConditionError(Misread):
    """A condition that cannot be read: names the field."""


class Condition(Protocol):
    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        """The literals it rests on (may be none), or None where it does not hold."""

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """What it is about in this pair, or None where it has nothing to look at here; never whether it holds."""

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """The same of its opposite: None where the pair is one that a `not` of it leaves out by what is asked."""

    @property
    def routable(self) -> bool:
        """Whether it names anything by which a rule could be brought before a pair."""

    def to_data(self) -> dict[str, Any]:
        """The data it was read from, in one canonical form."""


@dataclass(frozen=True)
class RowIs(Speaking):
    """Some row of the grid has all these properties. With `source`, that source's own cell must have the verdict; with
    `wins`, the first of these sources that is not silent decides the row for this rule."""

    kinds: tuple[Dimension, ...] = ()
    values: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    source: Source | None = None
    flags: tuple[tuple[str, bool], ...] = ()
    wins: tuple[Source, ...] = ()

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        for row in grid.rows:
            if self._is(row):
                return _literals(row)
        return None

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        for row in filter(self._asks, grid.rows):
            if not self.verdicts:
                return subjects.of_row(row, StatedAs.OPEN)
            verdict = self._verdict(row)
            if STANDS[verdict] not in self._stands:
                continue
            about = subjects.of_row(row, STANDS[verdict], verdict, self.source)
            if about.stand is not StatedAs.DIFFERS or about.excluded or not self._is_no_other(row, about):
                return about
        return None

    def _is_no_other(self, row: EvidenceRow, about: SubjectMatter) -> bool:
        if self.source is not None:  # the kind of thing is mentioned there where its words stand there
            return about.head and Verdict.CONFLICT not in self.verdicts and not about.holds_the_asked
        on_purpose = Verdict.NEAR in self.verdicts or ("describes", True) in self.flags
        return subjects.is_no_other_value(about, on_purpose=on_purpose) or (
            bool(self.kinds) and subjects.is_another_thing(row, about)
        )

    @cached_property
    def _stands(self) -> frozenset[StatedAs]:
        return frozenset(STANDS[verdict] for verdict in self.verdicts)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return None if not self.verdicts and any(map(self._asks, grid.rows)) else NOTHING

    def _is(self, row: EvidenceRow) -> bool:
        return self._asks(row) and (not self.verdicts or self._verdict(row) in self.verdicts)

    def _asks(self, row: EvidenceRow) -> bool:
        """What a row is by its wish alone."""
        wish = row.constraint
        if self.kinds and wish.asks_about not in self.kinds:
            return False
        if self.values and wish.value not in self.values:
            return False
        return all(getattr(row if name == "describes" else wish, name) is wanted for name, wanted in self.flags)

    def _verdict(self, row: EvidenceRow) -> Verdict:
        if self.source is not None:
            return next(cell.verdict for cell in row.cells if cell.source is self.source)
        if self.wins:
            said = {cell.source: cell.verdict for cell in row.cells if cell.verdict is not Verdict.SILENT}
            return next((said[source] for source in self.wins if source in said), Verdict.SILENT)
        return row.verdict

    def to_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, values in (("kind", self.kinds), ("value", self.values), ("verdict", self.verdicts)):
            if values:
                data[key] = str(values[0]) if len(values) == 1 else [str(value) for value in values]
        if self.source is not None:
            data["source"] = self.source.value
        if self.wins:
            data["wins"] = [source.value for source in self.wins]
        return {"row": {**data, **dict(self.flags)}}


@dataclass(frozen=True)
class All(Speaking):
    parts: tuple[Condition, ...]

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        literals: list[str] = []
        for part in self.parts:
            found = part.holds(pair, grid)
            if found is None:
                return None
            literals += found
        return tuple(dict.fromkeys(literals))

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        found = []
        for part in self.parts:
            if (about := part.subject(pair, grid)) is None:
                return None
            found.append(about)
        return subjects.joined(found)

    @property
    def routable(self) -> bool:
        return any(part.routable for part in self.parts)

    def to_data(self) -> dict[str, Any]:
        return {"all": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class AnyOf(Speaking):
    parts: tuple[Condition, ...]

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        return next((found for part in self.parts if (found := part.holds(pair, grid)) is not None), None)

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return subjects.first_that_speaks(part.subject(pair, grid) for part in self.parts)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """Where none of its parts may hold, each part must be left out."""
        found = [part.without(pair, grid) for part in self.parts]
        return None if None in found else subjects.joined([one for one in found if one is not None])

    @property
    def routable(self) -> bool:
        return any(part.routable for part in self.parts)

    def to_data(self) -> dict[str, Any]:
        return {"any": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class Not(Speaking):
    part: Condition

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        return () if self.part.holds(pair, grid) is None else None

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return self.part.without(pair, grid)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return self.part.subject(pair, grid)

    @property
    def routable(self) -> bool:
        return False

    def to_data(self) -> dict[str, Any]:
        return {"not": self.part.to_data()}


@dataclass(frozen=True)
class Overlap(Speaking):
    at_least: float = 0.0
    below: float = 1.01

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        return () if self.at_least <= grid.overlap < self.below else None

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """Roughly: the bounds themselves part one label from another."""
        return NOTHING if self.at_least - ROUGHLY <= grid.overlap < self.below + ROUGHLY else None

    @property
    def routable(self) -> bool:
        return False

    def to_data(self) -> dict[str, Any]:
        below = {"below": self.below} if self.below <= 1 else {}
        return {"overlap": {**({"at_least": self.at_least} if self.at_least > 0 or not below else {}), **below}}


def _literals(row: EvidenceRow) -> tuple[str, ...]:
    return (row.constraint.text, *(cell.literal for cell in row.cells if cell.literal and cell.verdict is row.verdict))


def parse_condition(data: object, path: str = "when") -> Condition:
    """Read a condition strictly: exactly one known key a level. Raises ConditionError naming the field."""
    _check_size(data, path)
    return _condition(data, path)


def _check_size(data: object, path: str) -> None:
    """Before anything follows the nesting: what a list holds twice is counted twice, as it would be read."""
    level, values = [data], 1
    for _depth in range(MOST_DEPTH + 1):
        held = [one for one in level if isinstance(one, Mapping | list)]
        values += sum(map(len, held))
        if values > MOST_VALUES:
            raise ConditionError(path, "has more than %(most)s values", most=MOST_VALUES)
        level = [part for one in held for part in (one.values() if isinstance(one, Mapping) else one)]
        if not held:
            return
    raise ConditionError(path, "is nested more than %(most)s deep", most=MOST_DEPTH)


def _condition(data: object, path: str) -> Condition:
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ConditionError(path, "must be a mapping with exactly one key")
    key, value = next(iter(data.items()))
    if key in {"all", "any"}:
        parts = tuple(_condition(part, f"{path}.{key}[{n}]") for n, part in enumerate(_list(value, f"{path}.{key}")))
        return All(parts) if key == "all" else AnyOf(parts)
    if key == "not":
        return Not(_condition(value, f"{path}.not"))
    if key == "row":
        return _row(value, f"{path}.row")
    if key == "overlap":
        return _overlap(value, f"{path}.overlap")
    if key in _CONTAINS:
        return _CONTAINS[key](tuple(_words(value, f"{path}.{key}")))
    if key == "amount":
        return _amount(value, f"{path}.amount")
    if key == "share":
        return _share(value, f"{path}.share")
    if key == "price_stated" and isinstance(value, bool):
        return PriceStated(value)
    raise ConditionError(path, "unknown condition %(key)s", key=quoted(key))


_CONTAINS: Mapping[str, Callable[[tuple[str, ...]], Condition]] = {
    "category_contains": CategoryContains,
    "query_contains": QueryContains,
    "item_contains": ItemContains,
    "shop_contains": ShopContains,
}


def _row(data: object, path: str) -> RowIs:
    if not isinstance(data, Mapping) or not data:
        raise ConditionError(path, "must name at least one property")
    for key in data:
        if key not in ROW_KEYS:
            raise ConditionError(
                path, "unknown property %(key)s; known: %(known)s", key=quoted(key), known=", ".join(ROW_KEYS)
            )
    for key, value in data.items():
        if value is None or value == []:
            raise ConditionError(within(path, key), "says nothing: leave it out")
    flags = [(name, data[name]) for name in ("head", "negated", "word", "describes") if name in data]
    for name, value in flags:
        if not isinstance(value, bool):
            raise ConditionError(within(path, name), "must be true or false")
    if "source" in data and "wins" in data:
        raise ConditionError(path, "source and wins exclude each other")
    return RowIs(
        tuple(_enum(Dimension, one, f"{path}.kind") for one in _several(data.get("kind"))),
        tuple(text_of(one, f"{path}.value") for one in _several(data.get("value"))),
        tuple(_enum(Verdict, one, f"{path}.verdict") for one in _several(data.get("verdict"))),
        _enum(Source, data["source"], f"{path}.source") if "source" in data else None,
        tuple(flags),
        tuple(_enum(Source, one, f"{path}.wins") for one in _several(data.get("wins"))),
    )


def _overlap(data: object, path: str) -> Overlap:
    if not isinstance(data, Mapping) or not data or not set(data) <= {"at_least", "below"}:
        raise ConditionError(path, "must have at_least, below or both")
    for name, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConditionError(within(path, name), "must be a number from 0 to 1")
    return Overlap(**{name: float(value) for name, value in data.items()})


def _amount(data: object, path: str) -> Amount:
    if not isinstance(data, Mapping) or not {"of"} <= set(data) <= {"of", "off", "multiple"} or len(data) < 2:
        raise ConditionError(path, "must have of, and off, multiple or both")
    if not isinstance(data["of"], str) or data["of"] not in QUANTITIES:
        known, of = ", ".join(sorted(QUANTITIES)), within(path, "of")
        raise ConditionError(of, "%(value)s is not one of %(known)s", value=quoted(data["of"]), known=known)
    off = data.get("off", {})
    if not isinstance(off, Mapping) or ("off" in data and not off) or not set(off) <= {"above", "at_most"}:
        raise ConditionError(within(path, "off"), "must have above, at_most or both")
    bounds = {name: _number(value, f"{path}.off.{name}", most=1000) for name, value in off.items()}
    if "multiple" in data and not isinstance(data["multiple"], bool):
        raise ConditionError(within(path, "multiple"), "must be true or false")
    return Amount(data["of"], bounds.get("above"), bounds.get("at_most"), data.get("multiple"))


def _share(data: object, path: str) -> Share:
    if not isinstance(data, Mapping) or not {"of"} <= set(data) <= {"of", "at_least", "below"} or len(data) < 2:
        raise ConditionError(path, "must have of, and at_least, below or both")
    of = data["of"] if isinstance(data["of"], list) else [data["of"]]
    bounds = {name: _number(data[name], f"{path}.{name}", most=100) for name in ("at_least", "below") if name in data}
    return Share(tuple(_words(of, f"{path}.of")), **bounds)


def _number(value: object, path: str, *, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ConditionError(path, "must be a number from 0 to %(most)s", most=f"{most:g}")
    return float(value)


def text_of(value: object, path: str) -> str:
    """Words as they were written. A number with a fraction is written anew when it is read: 1.50 would become 1.5."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        shown = quoted(value)
        raise ConditionError(path, "must be text, in quotes where it looks like something else: %(value)s", value=shown)
    return str(value)


def _several(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _enum(kind: type[E], value: object, path: str) -> E:
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(kind)
        raise ConditionError(path, "%(value)s is not one of %(known)s", value=quoted(value), known=known) from None


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list) or not value:
        raise ConditionError(path, "must be a list with at least one entry")
    return value


def _words(value: object, path: str) -> list[str]:
    words = [text_of(word, path) for word in _list(value, path)]
    if not all(word.strip() for word in words):
        raise ConditionError(path, "every entry must be a word")
    return words
