"""One constraint in one source of one item: match, near, conflict or silent, with the literal value.

Terms conflict only with another value of the same kind; numbers only with another number of the same quantity. A plain
word matches or is silent; either conflicts where the item says that it is not there. A wish for a number is a span, and
so is what an item offers: spans that touch match, spans apart by no more than the tolerance are near. Tolerances follow
the field's practice (10 %, screens 5 %).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz import fuzz

from relevance.constraints import Constraint, Op
from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND
from relevance.reading import Measured, Named, Reading, Text
from relevance.tokens import singular, tokens

TOLERANCE = 0.10
SCREEN_TOLERANCE = 0.05
SAME = 0.005  # rounding between units
ALIKE = 90  # spelling similarity in percent from which a word counts as near


class Verdict(StrEnum):
    MATCH = "match"
    NEAR = "near"
    CONFLICT = "conflict"
    SILENT = "silent"


class Source(StrEnum):
    TITLE = "title"
    CPV = "cpv"
    SKU = "sku"
    CAPTION = "caption"


@dataclass(frozen=True)
class Cell:
    source: Source
    verdict: Verdict
    literal: str = ""
    where: str = ""


# Kinds whose values exclude each other within one item.
_EXCLUSIVE = {
    Dimension.COLOUR,
    Dimension.MATERIAL,
    Dimension.AUDIENCE,
    Dimension.SEASON,
    Dimension.BRAND,
    Dimension.STYLE_DETAILS,
    Dimension.FUNCTION,
}
_OPPOSITES = {
    frozenset(pair)
    for pair in (("long", "short"), ("long", "midi"), ("midi", "short"), ("round", "square"), ("wireless", "wired"))
}
_BRAND_SOURCES = {Source.CPV}
_EXACT = {"year", "count", "size", "age", "duration"}  # quantities that have no "about"


def look_up(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    cell = _found(constraint, source, reading)
    if cell.verdict in {Verdict.MATCH, Verdict.NEAR} and _denied(constraint, cell, getattr(reading, source.value)):
        return replace(cell, verdict=Verdict.CONFLICT)
    if source is Source.CAPTION and cell.verdict is Verdict.CONFLICT and not _says_for_sure(constraint):
        return Cell(source, Verdict.SILENT)
    named = source is Source.TITLE and constraint.head and cell.verdict is Verdict.MATCH
    following = _modifies(cell.literal, reading) if named else ""
    return Cell(source, Verdict.NEAR, f"{cell.literal} {following}") if following else cell


def _says_for_sure(constraint: Constraint) -> bool:
    """A picture that shows another thing proves little; another brand, model or measure printed on it does."""
    return constraint.number is not None or constraint.kind in {Dimension.BRAND, Dimension.MODEL}


def _denied(constraint: Constraint, cell: Cell, text: Text) -> bool:
    """The item names it only to say that it is not there."""
    if not text.denied:
        return False
    named = cell.literal if not cell.where else constraint.text
    return {token.text for token in tokens(named)} <= text.denied or constraint.value in text.denied


def _modifies(literal: str, reading: Reading) -> str:
    """The noun that the head only describes: a "projector lamp" is no projector. Empty when the head stands for itself."""
    last = literal.split()[-1] if literal else ""
    return next((following for word, following in reading.compounds if word == last), "")


def _found(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    text: Text = getattr(reading, source.value)
    if constraint.kind is Dimension.PRICE and source is Source.CPV and reading.price is not None:
        return _number_cell(constraint, source, (reading.price, reading.price), f"{reading.price:g}", "price")
    if text.empty:
        return Cell(source, Verdict.SILENT)
    if constraint.number is not None:
        return _measured(constraint, source, text.measured)
    if constraint.word or constraint.kind is Dimension.MODEL:
        return _word(constraint, source, text)
    return _term(constraint, source, text)


def _word(constraint: Constraint, source: Source, text: Text) -> Cell:
    """A plain word or model number: there or not."""
    wanted = (constraint.text, constraint.value, singular(constraint.text))
    hit = next((form for form in wanted if form in text.words), None)
    if hit is None and not constraint.value.isascii() and constraint.value in text.chinese:
        return Cell(source, Verdict.MATCH, constraint.value)
    if hit is not None:
        literal, where = text.literals[hit]
        return Cell(source, Verdict.MATCH, literal, where)
    if constraint.kind is Dimension.MODEL:
        return _model(constraint, source, text)
    if len(constraint.value) >= 6 and constraint.value.isascii() and source is Source.TITLE:
        for word in text.literals:
            if abs(len(word) - len(constraint.value)) <= 2 and fuzz.ratio(word, constraint.value) >= ALIKE:
                return Cell(source, Verdict.NEAR, word)
    return Cell(source, Verdict.SILENT)


def _model(constraint: Constraint, source: Source, text: Text) -> Cell:
    """A model number inside a longer one is of the same series."""
    plain = constraint.value.replace("-", "")
    for word in text.literals:
        bare = word.replace("-", "")
        if bare == plain:
            return Cell(source, Verdict.MATCH, word)
        if len(plain) >= 4 and plain in bare:
            return Cell(source, Verdict.NEAR, word)
    return Cell(source, Verdict.SILENT)


def _term(constraint: Constraint, source: Source, text: Text) -> Cell:
    same_kind = [one for one in text.named if DIMENSION_OF_KIND[one.entry.kind] is constraint.kind]
    for one in same_kind:
        if one.entry.value == constraint.value:
            return Cell(source, Verdict.MATCH, one.literal, one.where)
    pieces = [token.text for token in tokens(constraint.text)]
    if pieces and text.words.issuperset(pieces):
        literal, where = text.literals[pieces[0]]
        return Cell(source, Verdict.MATCH, constraint.text if len(pieces) > 1 else literal, where)
    for one in same_kind:
        if constraint.family and one.entry.family == constraint.family:
            return _family(constraint, source, one)
    other = _contradiction(constraint, source, same_kind)
    return Cell(source, Verdict.CONFLICT, other.literal, other.where) if other else Cell(source, Verdict.SILENT)


def _family(constraint: Constraint, source: Source, one: Named) -> Cell:
    """Near by family, except where two of a family exclude each other: women and men, boys and girls."""
    exclude = constraint.kind in {Dimension.AUDIENCE} and {constraint.value, one.entry.value} in (
        {"women", "men"},
        {"girls", "boys"},
        {"dogs", "cats"},
    )
    return Cell(source, Verdict.CONFLICT if exclude else Verdict.NEAR, one.literal, one.where)


def _contradiction(constraint: Constraint, source: Source, others: Sequence[Named]) -> Named | None:
    """Another value of an exclusive kind, said where it is said of the whole item."""
    if constraint.kind is Dimension.CATEGORY:
        return next((one for one in others if constraint.head), None)
    if constraint.kind not in _EXCLUSIVE or not others:
        return None
    if constraint.kind in {Dimension.STYLE_DETAILS, Dimension.FUNCTION}:
        return next((one for one in others if frozenset((constraint.value, one.entry.value)) in _OPPOSITES), None)
    if constraint.kind is Dimension.BRAND and source not in _BRAND_SOURCES:
        return next((one for one in others if one.position == 0), None)
    if source is Source.CPV:
        return next((one for one in others if one.where), None)
    return others[0]


def _measured(constraint: Constraint, source: Source, found: Sequence[Measured]) -> Cell:
    same = [one for one in found if one.quantity.quantity == constraint.unit]
    cells = [_number_cell(constraint, source, _offered(one), one.quantity.literal, one.where) for one in same]
    order = (Verdict.MATCH, Verdict.NEAR, Verdict.CONFLICT)
    return min(cells, key=lambda cell: order.index(cell.verdict), default=Cell(source, Verdict.SILENT))


Span = tuple[float, float]


def _wanted(constraint: Constraint) -> Span:
    assert constraint.number is not None, "only numeric constraints are measured"
    if constraint.op is Op.AT_MOST:
        return -math.inf, constraint.number
    if constraint.op is Op.AT_LEAST:
        return constraint.number, math.inf
    if constraint.low is not None and constraint.high is not None:
        return constraint.low, constraint.high
    return constraint.number, constraint.number


def _offered(one: Measured) -> Span:
    """ "up to 65 inch" takes 55, "ages 3 and up" takes 5."""
    low, high, bound = one.quantity.low, one.quantity.high, one.quantity.bound
    return (-math.inf, high) if bound == Op.AT_MOST else (low, math.inf) if bound == Op.AT_LEAST else (low, high)


def off_by(constraint: Constraint, offered: Span) -> float:
    """How far an offered span lies outside the asked one, as a share of the end it misses; 0 where they touch."""
    apart, end = _apart(constraint, offered)
    return 0.0 if apart <= 0 else apart / abs(end) if end else math.inf


def _apart(constraint: Constraint, offered: Span) -> tuple[float, float]:
    low, high = _wanted(constraint)
    short, over = low - offered[1], offered[0] - high  # how far the item stays below, or goes beyond
    return (short, low) if short > over else (over, high)


def _number_cell(constraint: Constraint, source: Source, offered: Span, literal: str, where: str) -> Cell:
    apart, end = _apart(constraint, offered)
    exact = constraint.unit in _EXACT
    if apart <= (0.0 if exact else SAME * abs(end)):
        return Cell(source, Verdict.MATCH, literal, where)
    screen = constraint.unit == "length" and constraint.op is Op.ABOUT
    near = not exact and apart <= (SCREEN_TOLERANCE if screen else TOLERANCE) * abs(end)
    return Cell(source, Verdict.NEAR if near else Verdict.CONFLICT, literal, where)
