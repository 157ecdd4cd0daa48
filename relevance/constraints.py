"""What a query asks for: its constraints, each a literal piece of the query with its meaning.

Read left to right over tokens: numbers with units, then the longest term of the lexicon, then model numbers; what is
left are words, looked up as they stand. Chinese runs are cut by the lexicon. Nothing is guessed about the item here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz, process

from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND, Entry, Lexicon
from relevance.tokens import Token, singular, tokens_of_folded, without
from relevance.units import Quantity, quantities

MAX_CONSTRAINTS = 24
SPELLING = 88  # similarity in percent from which an unknown word of five letters or more is read as a known one


class Op(StrEnum):
    IS = "is"
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOUT = "~"


@dataclass(frozen=True)
class Constraint:
    """One wish. `value` is normalised; numbers are in the base unit named by `unit` (see relevance.units).

    A range (`op` is about) has its ends in `low` and `high` and its middle in `number`. `role` "for": no wish for the
    thing itself but what the wanted thing is for ("case for iphone 7").
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
_MODEL = re.compile(r"(?=.*\d)[a-z0-9][a-z0-9./+-]*")


def extract_constraints(query: str, lexicon: Lexicon) -> tuple[Constraint, ...]:
    """The constraints of a query in its order; at most MAX_CONSTRAINTS."""
    numbers = [] if len(query) > 1000 else list(quantities(query))
    rest = without(query, [(one.start, one.end) for one in numbers])
    words = _cut(tokens_of_folded(rest), lexicon)
    found = [*_of_words(words, lexicon), *((one.start, _of_quantity(one)) for one in numbers)]
    ordered = [constraint for _, constraint in sorted(found, key=lambda pair: pair[0])]
    return tuple(_with_head(ordered)[:MAX_CONSTRAINTS])


def _cut(found: Iterable[Token], lexicon: Lexicon) -> tuple[Token, ...]:
    """Chinese runs cut into words."""
    words: list[Token] = []
    for token in found:
        if token.text[0] < "\u3400":
            words.append(token)
            continue
        start = token.start
        for piece in lexicon.split_chinese(token.text):
            words.append(Token(piece, start, start + len(piece)))
            start += len(piece)
    return tuple(words)


def _of_words(words: tuple[Token, ...], lexicon: Lexicon) -> list[tuple[int, Constraint]]:
    found: list[tuple[int, Constraint]] = []
    at, negated, after_for = 0, False, False
    while at < len(words):
        token = words[at]
        if token.text in lexicon.negations:
            negated, at = True, at + 1
            continue
        if token.text in lexicon.for_words:
            after_for, at = True, at + 1
            continue
        known = lexicon.longest(words, at)
        if known is None and token.text in lexicon.stop:
            at += 1
            continue
        entry, length = known if known else (None, 1)
        piece = " ".join(one.text for one in words[at : at + length])
        suffix = at + length < len(words) and words[at + length].text in lexicon.negating_suffixes
        constraint = _meant(piece, entry, lexicon, negated=negated or suffix)
        found.append((token.start, replace(constraint, head=False) if after_for else constraint))
        negated = False
        at += length + (1 if suffix else 0)
    return found


def _meant(piece: str, entry: Entry | None, lexicon: Lexicon, *, negated: bool) -> Constraint:
    if entry is None and _MODEL.fullmatch(piece) and len(piece) > 1:
        return Constraint(Dimension.MODEL, piece, piece, negated)
    if entry is None:
        entry = _respelt(piece, lexicon)
    if entry is None:
        return Constraint(Dimension.CATEGORY, piece, singular(piece), negated, word=True)
    return Constraint(
        DIMENSION_OF_KIND[entry.kind], piece, entry.value, negated, head=entry.kind == "category", family=entry.family
    )


def _respelt(piece: str, lexicon: Lexicon) -> Entry | None:
    """A misspelt brand or kind of thing; short words are too easily mistaken."""
    if len(piece) < 5 or not piece.isascii() or not piece.isalpha():
        return None
    near = process.extractOne(piece, lexicon.spellable, scorer=fuzz.ratio, score_cutoff=SPELLING)
    return lexicon.terms[near[0]] if near and abs(len(near[0]) - len(piece)) <= 2 else None


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


def _with_head(found: list[Constraint]) -> list[Constraint]:
    """One head: the last kind of thing named before a "for", else an accessory, else the last plain word."""
    heads = [n for n, one in enumerate(found) if one.head and not one.negated]
    if not heads:
        heads = [n for n, one in enumerate(found) if one.kind is Dimension.MAIN_ACCESSORY and not one.negated]
    if not heads:
        heads = [n for n, one in enumerate(found) if one.word and not one.negated]
    last = heads[-1] if heads else -1
    accessories = [n for n, one in enumerate(found) if one.kind is Dimension.MAIN_ACCESSORY and not one.negated]
    if heads and accessories and not found[last].word:
        last = accessories[-1]  # "laptop bag", "phone case": the accessory is what is wanted
    return [replace(one, head=n == last) for n, one in enumerate(found)]
