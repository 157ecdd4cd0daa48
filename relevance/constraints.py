"""What a query asks for: its constraints, each a literal piece of the query with its meaning.

QueryPhrase first: numbers with units, then the longest meaningful spans, as the tagger and the lexicon see them (English,
relevance.english_phrases) or a dictionary and the lexicon (Chinese, relevance.chinese_phrases). One of them is the head, the
kind of thing wanted; what the wanted thing is for has a role. Nothing is guessed about the item here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from relevance import chinese_phrases, english_phrases
from relevance.dimensions import Dimension
from relevance.lexicon import Lexicon
from relevance.query_phrases import QueryPhrase
from relevance.tokens import is_chinese, read_folded, without
from relevance.units import Quantity, quantities

MAX_CONSTRAINTS = 24


class Op(StrEnum):
    IS = "is"
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOUT = "~"


@dataclass(frozen=True)
class Constraint:
    """One wish. `value` is normalised; numbers are in the base unit named by `unit` (see relevance.units).

    A range (`op` is about) has its ends in `low` and `high` and its middle in `number`. `role` "for": no wish for the
    thing itself but what the wanted thing is for ("case for iphone 7"). `word`: known to no lexicon, looked up as it
    stands. `accessory`: a kind of thing that belongs to another ("case", "charger").
    """

    kind: Dimension
    text: str
    value: str
    negated: bool = False
    number: float | None = None
    unit: str = ""
    op: Op = Op.IS
    head: bool = False
    word: bool = False
    family: str = ""
    low: float | None = None
    high: float | None = None
    role: str = ""
    accessory: bool = False

    @property
    def asks_about(self) -> Dimension:
        """Who asks for an accessory asks for no main item; rules speak of that."""
        return Dimension.MAIN_ACCESSORY if self.accessory and self.head else self.kind

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Constraint:
        """Also what an earlier version wrote: fields that it did not know have their defaults."""
        return cls(**{**data, "kind": _DIMENSIONS[data["kind"]], "op": _OPS[data.get("op", "is")]})


_DIMENSIONS: Mapping[str, Dimension] = {one.value: one for one in Dimension}
_OPS: Mapping[str, Op] = {one.value: one for one in Op}
_QUANTITY_DIMENSION = {
    "money": Dimension.PRICE,
    "year": Dimension.YEAR,
    "count": Dimension.SET_SINGLE,
    "age": Dimension.AUDIENCE,
}


def extract_constraints(query: str, lexicon: Lexicon) -> tuple[Constraint, ...]:
    """The constraints of a query in its order; at most MAX_CONSTRAINTS."""
    numbers = [] if len(query) > 1000 else list(quantities(query))
    spans = [(one.start, one.end) for one in numbers]
    cut = chinese_phrases.phrases if is_chinese(query) else english_phrases.phrases
    found = cut(read_folded(query), without(query, spans), lexicon)
    wishes = [(one.start, _of_phrase(one)) for one in found] + [(one.start, _of_quantity(one)) for one in numbers]
    return tuple(constraint for _, constraint in sorted(wishes, key=lambda pair: pair[0])[:MAX_CONSTRAINTS])


def _of_phrase(one: QueryPhrase) -> Constraint:
    return Constraint(
        one.dimension, one.text, one.value, one.negated, head=one.head, word=one.word, family=one.family,
        role=one.role, accessory=one.accessory,
    )  # fmt: skip


def _of_quantity(one: Quantity) -> Constraint:
    dimension = _QUANTITY_DIMENSION.get(one.quantity, Dimension.SPECIFICATION)
    low = high = None
    if one.bound:
        op, number = Op(one.bound), one.high if one.bound == Op.AT_MOST else one.low
    elif one.low != one.high:
        op, number, low, high = Op.ABOUT, (one.low + one.high) / 2, one.low, one.high
    else:
        op, number = Op.IS, one.low
    return Constraint(
        dimension, one.literal, f"{number:g}", number=number, unit=one.quantity, op=op, low=low, high=high
    )
