"""Conditions over the texts of query and item and over amounts: what words stand there, how far a number is off.

Each answers with the literals it rests on, or None where it does not hold (relevance.conditions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from relevance.evidence import EvidenceGrid, EvidenceRow, Verdict
from relevance.facts import READ, ItemFacts, PairFacts, fold
from relevance.lookup_numbers import off_by
from relevance.subjects import NOTHING, Speaking, StatedAs, SubjectMatter
from relevance.units import Quantity, quantities

MULTIPLE = 0.01  # how far a whole multiple may be off, in asked amounts


@dataclass(frozen=True)
class Words:
    """Words looked for in a folded text: whole words and plurals in Latin letters, anywhere in Chinese."""

    words: tuple[str, ...]

    def first_in(self, text: str) -> str | None:
        """The one that stands first in the text."""
        for word in self._folded:
            if word in text:  # nearly never: a plain search is much quicker than a pattern
                match = self._pattern.search(text)
                return None if match is None else match.group()
        return None

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(map(fold, self.words))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_whole, self.words)))


@dataclass(frozen=True)
class _Contains(Speaking):
    words: tuple[str, ...]
    key: ClassVar[str]

    def text(self, pair: PairFacts) -> str:
        raise NotImplementedError

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        found = self.found_in(pair)
        return None if found is None else (found,)

    def found_in(self, pair: PairFacts) -> str | None:
        return self._sought.first_in(self.text(pair))

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """The words, as the item states them."""
        found = self.found_in(pair)
        return None if found is None else SubjectMatter(stated=found, stand=StatedAs.DIFFERS, words=True)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return SubjectMatter(stand=StatedAs.ABSENT if self.found_in(pair) is None else StatedAs.SAME, words=True)

    @cached_property
    def _sought(self) -> Words:
        return Words(self.words)

    def to_data(self) -> dict[str, Any]:
        return {self.key: list(self.words)}


class CategoryContains(_Contains):
    key = "category_contains"

    def text(self, pair: PairFacts) -> str:
        return pair.item.named

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """Only where the item itself is of that kind: a title names many things besides."""
        found = self._sought.first_in(pair.item.kind)
        return None if found is None else SubjectMatter(stated=found, stand=StatedAs.DIFFERS, words=True)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return NOTHING if self.found_in(pair) is None else None


class QueryContains(_Contains):
    key = "query_contains"

    def text(self, pair: PairFacts) -> str:
        return pair.asked

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        found = self.found_in(pair)
        return None if found is None else SubjectMatter(asked=found, words=True)

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return NOTHING if self.found_in(pair) is None else None


class ItemContains(_Contains):
    key = "item_contains"

    def text(self, pair: PairFacts) -> str:
        return pair.item.said


class ShopContains(_Contains):
    key = "shop_contains"

    def text(self, pair: PairFacts) -> str:
        return fold(pair.item.shop[:READ])


@dataclass(frozen=True)
class PriceStated(Speaking):
    wanted: bool

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        item = pair.item
        stated = bool(item.price) or any(fold(name) in {"price", "价格"} and value.strip() for name, value in item.cpv)
        return () if stated is self.wanted else None

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return NOTHING

    @property
    def routable(self) -> bool:
        return False

    def to_data(self) -> dict[str, Any]:
        return {"price_stated": self.wanted}


@dataclass(frozen=True)
class Amount(Speaking):
    """How far the item's amount of a quantity lies outside what the query asks, as a share of the asked amount.

    above < off <= at_most; without `above` from 0, inclusive; without `at_most` without end. `multiple`: the item's
    amount is (True) or is not (False) a whole multiple of the asked one.
    """

    quantity: str
    above: float | None = None
    at_most: float | None = None
    multiple: bool | None = None

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        for row, found in self._offered(grid):
            if self._fits(row, found):
                return row.constraint.text, found.literal
        return None

    def _offered(self, grid: EvidenceGrid) -> Iterator[tuple[EvidenceRow, Quantity]]:
        """Each row that asks an amount of the quantity, with the item's amount closest to it."""
        for row in grid.rows:
            if row.constraint.unit != self.quantity or row.constraint.number is None or row.constraint.negated:
                continue
            found = min(_offers(row), key=lambda one: off_by(row.constraint, (one.low, one.high)), default=None)
            if found is not None:
                yield row, found

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """Any amount of the quantity that is not just what is asked, however far off."""
        for row, found in self._offered(grid):
            if off_by(row.constraint, (found.low, found.high)) > 0:
                return SubjectMatter(row.constraint.text, found.literal, StatedAs.DIFFERS)
        return None

    def _fits(self, row: EvidenceRow, found: Quantity) -> bool:
        off = off_by(row.constraint, (found.low, found.high))
        if (self.above is not None and off <= self.above) or (self.at_most is not None and off > self.at_most):
            return False
        return self.multiple is None or _is_multiple(found.low, row.constraint.number or 0.0) is self.multiple

    def to_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"of": self.quantity}
        bounds = (("above", self.above), ("at_most", self.at_most))
        if off := {name: value for name, value in bounds if value is not None}:
            data["off"] = off
        return {"amount": data if self.multiple is None else {**data, "multiple": self.multiple}}


@dataclass(frozen=True)
class Share(Speaking):
    """The item states what percentage of it is this: "95% cotton", "棉 95%", an attribute cotton: 95 %."""

    of: tuple[str, ...]
    at_least: float = 0.0
    below: float = 101.0

    def holds(self, pair: PairFacts, grid: EvidenceGrid) -> tuple[str, ...] | None:
        for share, literal in self._stated(pair):
            if self.at_least <= share < self.below:
                return (literal,)
        return None

    def _stated(self, pair: PairFacts) -> Iterator[tuple[float, str]]:
        if "%" not in pair.item.said:
            return
        pattern = _share_of(self.of)
        for text in _statements(pair.item):
            for match in pattern.finditer(text):
                yield float(match["before"] or match["after"]), match.group().strip()

    def subject(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        """Any share that the item states, whatever the bounds."""
        literal = next((literal for share, literal in self._stated(pair) if share < 100), None)
        return None if literal is None else SubjectMatter(stated=literal, stand=StatedAs.DIFFERS, words=True)

    def to_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"of": list(self.of)}
        below = {"below": self.below} if self.below <= 100 else {}
        if self.at_least > 0 or not below:
            data["at_least"] = self.at_least
        return {"share": {**data, **below}}


def _offers(row: EvidenceRow) -> Iterator[Quantity]:
    """The amounts the item states, as the grid quotes them."""
    for cell in row.cells:
        if cell.verdict is Verdict.SILENT:
            continue
        stated = [one for one in quantities(cell.literal) if one.quantity == row.constraint.unit]
        if not stated and _NUMBER.fullmatch(cell.literal):  # the catalogue's own price is a bare number
            number = float(cell.literal)
            stated = [Quantity(row.constraint.unit, number, number, "", cell.literal, 0, len(cell.literal))]
        yield from stated


def _is_multiple(amount: float, asked: float) -> bool:
    times = amount / asked if asked else 0.0
    return round(times) >= 1 and abs(times - round(times)) <= MULTIPLE


def _statements(item: ItemFacts) -> Iterator[str]:
    """The item's texts, attributes with their names."""
    yield from item.said.split("\n")
    yield from (fold(f"{name[:60]}: {value[:READ]}") for name, value in item.cpv[:200])


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@lru_cache(maxsize=1024)
def _share_of(words: tuple[str, ...]) -> re.Pattern[str]:
    of, number = "|".join(map(_whole, words)), r"\d{1,3}(?:\.\d{1,2})?"
    return re.compile(rf"(?<![\d.])(?P<before>{number})\s*%\s*(?:{of})|(?:{of})\s*[:：]?\s*(?P<after>{number})\s*%")


def _whole(word: str) -> str:
    folded = re.escape(fold(word))
    return rf"(?<![a-z0-9]){folded}(?:s|es)?(?![a-z0-9])" if fold(word).isascii() else folded
