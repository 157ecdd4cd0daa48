"""The small language in which a rule says when it applies: over the evidence grid and the item, as plain data.

    row: {kind: colour, verdict: conflict}     some row of the grid is like this
    all: [...]   any: [...]   not: {...}       combined
    overlap: {at_least: 0.5, below: 0.9}       the share of the query that is answered
    category_contains: [shoes, 鞋]             the item's category or title names one of these
    price_stated: true                         the catalogue names a price

A condition that holds answers with the literals it rests on, so that a fired rule can say why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from relevance.dimensions import Dimension
from relevance.evidence import Grid, Row, Source, Verdict
from relevance.facts import ItemFacts, fold

E = TypeVar("E", bound=StrEnum)
ROW_KEYS = ("kind", "value", "verdict", "source", "head", "negated", "word")


class ConditionError(ValueError):
    """A condition that cannot be read: names the field."""


class Condition(Protocol):
    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        """The literals it rests on (may be none), or None where it does not hold."""

    def to_data(self) -> dict[str, Any]:
        """The data it was read from, in one canonical form."""


@dataclass(frozen=True)
class RowIs:
    """Some row of the grid has all these properties. With `source`, that source's own cell must have the verdict."""

    kinds: tuple[Dimension, ...] = ()
    values: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    source: Source | None = None
    flags: tuple[tuple[str, bool], ...] = ()

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        found = next((row for row in grid.rows if self._is(row)), None)
        return None if found is None else _literals(found)

    def _is(self, row: Row) -> bool:
        wish = row.constraint
        if self.kinds and wish.kind not in self.kinds:
            return False
        if self.values and wish.value not in self.values:
            return False
        if any(getattr(wish, name) is not wanted for name, wanted in self.flags):
            return False
        verdict = row.verdict
        if self.source is not None:
            verdict = next(cell.verdict for cell in row.cells if cell.source is self.source)
        return not self.verdicts or verdict in self.verdicts

    def to_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, values in (("kind", self.kinds), ("value", self.values), ("verdict", self.verdicts)):
            if values:
                data[key] = str(values[0]) if len(values) == 1 else [str(value) for value in values]
        if self.source is not None:
            data["source"] = self.source.value
        return {"row": {**data, **dict(self.flags)}}


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        literals: list[str] = []
        for part in self.parts:
            found = part.holds(grid, item)
            if found is None:
                return None
            literals += found
        return tuple(dict.fromkeys(literals))

    def to_data(self) -> dict[str, Any]:
        return {"all": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        return next((found for part in self.parts if (found := part.holds(grid, item)) is not None), None)

    def to_data(self) -> dict[str, Any]:
        return {"any": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    part: Condition

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        return () if self.part.holds(grid, item) is None else None

    def to_data(self) -> dict[str, Any]:
        return {"not": self.part.to_data()}


@dataclass(frozen=True)
class Overlap:
    at_least: float = 0.0
    below: float = 1.01

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        return () if self.at_least <= grid.overlap < self.below else None

    def to_data(self) -> dict[str, Any]:
        data = {"at_least": self.at_least} if self.at_least > 0 else {}
        return {"overlap": {**data, **({"below": self.below} if self.below <= 1 else {})}}


@dataclass(frozen=True)
class CategoryContains:
    words: tuple[str, ...]

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        text = fold(f"{item.category[:400]} {item.title[:400]}")
        found = next((word for word in self.words if fold(word) in text), None)
        return None if found is None else (found,)

    def to_data(self) -> dict[str, Any]:
        return {"category_contains": list(self.words)}


@dataclass(frozen=True)
class PriceStated:
    wanted: bool

    def holds(self, grid: Grid, item: ItemFacts) -> tuple[str, ...] | None:
        stated = any(fold(name) in {"price", "价格"} and value.strip() for name, value in item.cpv)
        return () if stated is self.wanted else None

    def to_data(self) -> dict[str, Any]:
        return {"price_stated": self.wanted}


def _literals(row: Row) -> tuple[str, ...]:
    return (row.constraint.text, *(cell.literal for cell in row.cells if cell.literal and cell.verdict is row.verdict))


def parse_condition(data: object, path: str = "when") -> Condition:
    """Read a condition strictly: exactly one known key a level. Raises ConditionError naming the field."""
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ConditionError(f"{path}: must be a mapping with exactly one key")
    key, value = next(iter(data.items()))
    if key in {"all", "any"}:
        parts = tuple(
            parse_condition(part, f"{path}.{key}[{n}]") for n, part in enumerate(_list(value, f"{path}.{key}"))
        )
        return All(parts) if key == "all" else AnyOf(parts)
    if key == "not":
        return Not(parse_condition(value, f"{path}.not"))
    if key == "row":
        return _row(value, f"{path}.row")
    if key == "overlap":
        return _overlap(value, f"{path}.overlap")
    if key == "category_contains":
        return CategoryContains(tuple(_words(value, f"{path}.category_contains")))
    if key == "price_stated" and isinstance(value, bool):
        return PriceStated(value)
    raise ConditionError(f"{path}: unknown condition {key!r}")


def _row(data: object, path: str) -> RowIs:
    if not isinstance(data, Mapping) or not data:
        raise ConditionError(f"{path}: must name at least one property")
    for key in data:
        if key not in ROW_KEYS:
            raise ConditionError(f"{path}: unknown property {key!r}; known: {', '.join(ROW_KEYS)}")
    flags = [(name, data[name]) for name in ("head", "negated", "word") if name in data]
    for name, value in flags:
        if not isinstance(value, bool):
            raise ConditionError(f"{path}.{name}: must be true or false")
    return RowIs(
        tuple(_enum(Dimension, one, f"{path}.kind") for one in _several(data.get("kind"))),
        tuple(str(one) for one in _several(data.get("value"))),
        tuple(_enum(Verdict, one, f"{path}.verdict") for one in _several(data.get("verdict"))),
        _enum(Source, data["source"], f"{path}.source") if "source" in data else None,
        tuple(flags),
    )


def _overlap(data: object, path: str) -> Overlap:
    if not isinstance(data, Mapping) or not data or not set(data) <= {"at_least", "below"}:
        raise ConditionError(f"{path}: must have at_least, below or both")
    for name, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConditionError(f"{path}.{name}: must be a number from 0 to 1")
    return Overlap(**{name: float(value) for name, value in data.items()})


def _several(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _enum(kind: type[E], value: object, path: str) -> E:
    try:
        return kind(str(value))
    except ValueError:
        raise ConditionError(f"{path}: {value!r} is not one of {', '.join(kind)}") from None


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list) or not value:
        raise ConditionError(f"{path}: must be a list with at least one entry")
    return value


def _words(value: object, path: str) -> list[str]:
    words = _list(value, path)
    for word in words:
        if not isinstance(word, str) or not word.strip():
            raise ConditionError(f"{path}: every entry must be a word")
    return [str(word) for word in words]
