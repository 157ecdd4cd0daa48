"""A value of a known kind (a colour, a material ...) or plain words in a source: there, contradicted, or not mentioned.

An attribute speaks for a wish only where it is about it, or where the words are one entry of what it says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from relevance.attributes import goes_with, is_about, is_beside, says_whole
from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND
from relevance.phrases import asked_words, places, told
from relevance.reading import Named, Text, TextPiece, WordPlace
from relevance.tokens import read_folded, stem, tokens

ALIKE = 90  # spelling similarity in percent from which a word counts as near
PLAIN = 10  # different words of a title that tells one thing of the whole item
SHORT = 6  # words of one entry of a value that speaks of the item and mentions nothing besides
# Kinds whose values exclude each other within one item.
_EXCLUSIVE = {
    Dimension.COLOUR: "colour",
    Dimension.MATERIAL: "material",
    Dimension.AUDIENCE: "audience",
    Dimension.SEASON: "season",
}
_OPPOSITES = {
    frozenset(pair)
    for pair in (("long", "short"), ("long", "midi"), ("midi", "short"), ("round", "square"), ("wireless", "wired"))
}
_APART = ({"women", "men"}, {"girls", "boys"}, {"dogs", "cats"})  # of one family, and exclude each other
_KINDS = {Dimension.CATEGORY, Dimension.MAIN_ACCESSORY}
_SHADES = {Dimension.COLOUR, Dimension.MATERIAL}
_FIBRES = {"plant fibre", "animal fibre", "synthetic", "silk"}
_WEAVES = {"velvet", "denim", "silk"}  # made of any fibre
_ANY_COLOUR = re.compile(r"multi|colou?rful|assorted|rainbow|various|彩")
_YES = frozenset({"yes", "true", "y", "是", "有", "支持"})
_NO = frozenset({"no", "none", "false", "n", "0", "否", "无", "没有"})


def value_cell(constraint: Constraint, source: Source, text: Text) -> Cell:
    """A value of a known kind, or plain words: there, or another value of an exclusive kind, or nothing."""
    kind = _EXCLUSIVE.get(constraint.kind)
    same_kind = [one for one in text.named if DIMENSION_OF_KIND[one.entry.kind] is constraint.kind]
    spoken = [one for one in same_kind if _speaks(one, source, kind, constraint)]
    cell = word_cell(constraint, source, text)
    if cell.verdict is Verdict.MATCH:
        return cell
    for one in spoken:
        if one.entry.value == constraint.value and not constraint.word:
            alike = constraint.kind not in _SHADES or _same_shade(constraint, one.literal)
            return Cell(source, Verdict.MATCH if alike else Verdict.NEAR, one.literal, one.where)
    for one in spoken:
        if constraint.family and one.entry.family == constraint.family and constraint.kind not in _KINDS:
            return _family(constraint, source, one)
    if kind == "colour" and _has_many_colours(source, text):
        return cell
    other = _contradiction(constraint, source, spoken, plain=len(text.places) <= PLAIN)
    if other is not None:
        return Cell(source, Verdict.CONFLICT, other.literal, other.where)
    return cell


def _same_shade(constraint: Constraint, literal: str) -> bool:
    """Oak is the wood that is asked for; stainless steel is near iron, though both are metals. Chinese has other words."""
    asked = constraint.text
    plain = stem(asked) == constraint.value or asked == constraint.value
    return plain or not (asked.isascii() and literal.isascii()) or fuzz.ratio(asked, literal) >= 75


def _speaks(one: Named, source: Source, kind: str | None, constraint: Constraint) -> bool:
    """An attribute speaks of a colour where it is about colours, or where the colour is all that it says."""
    if source is not Source.CPV:
        return True
    if kind is not None and not is_about(one.where, kind):
        return False
    return not is_beside(one.where) and (not goes_with(one.where) or constraint.role == "for" or kind == "audience")


def _family(constraint: Constraint, source: Source, one: Named) -> Cell:
    """Near by family, except where two of a family exclude each other: women and men, boys and girls."""
    exclude = {constraint.value, one.entry.value} in _APART
    return Cell(source, Verdict.CONFLICT if exclude else Verdict.NEAR, one.literal, one.where)


def _contradiction(constraint: Constraint, source: Source, others: Sequence[Named], *, plain: bool) -> Named | None:
    """Another value of an exclusive kind, said where it is said of the whole item."""
    if constraint.role == "for" or not others or constraint.word:
        return None
    if constraint.kind in {Dimension.STYLE_DETAILS, Dimension.FUNCTION}:
        return next((one for one in others if frozenset((constraint.value, one.entry.value)) in _OPPOSITES), None)
    kind = _EXCLUSIVE.get(constraint.kind)
    if kind is None:
        return None
    if constraint.kind is Dimension.MATERIAL and source is not Source.CPV and not plain:
        return None  # a long title names the material of a part as well
    whole = (one for one in others if source is not Source.CPV or says_whole(one.where, kind))
    return next((one for one in whole if not _go_together(constraint.family, one.entry.family)), None)


def _has_many_colours(source: Source, text: Text) -> bool:
    spoken = (piece.text for piece in text.pieces if source is not Source.CPV or is_about(piece.where, "colour"))
    return any(_ANY_COLOUR.search(said[:200].casefold()) for said in spoken)


def _go_together(asked: str, said: str) -> bool:
    """A velvet is of polyester."""
    return (asked in _WEAVES and said in _FIBRES) or (asked in _FIBRES and said in _WEAVES)


def word_cell(constraint: Constraint, source: Source, text: Text) -> Cell:
    """Words as they stand: there, or said to be absent, or not mentioned."""
    if source is Source.CPV and (cell := _answered(constraint, text)):
        return cell
    place = next((one for one in places(constraint, text) if _counts(one, source, constraint)), None)
    if place is not None:
        near = source is Source.CPV and goes_with(place.piece.where) and constraint.role != "for"
        return Cell(source, Verdict.NEAR if near else Verdict.MATCH, *told(place, constraint))
    if not constraint.value.isascii() and constraint.value in text.chinese:
        return Cell(source, Verdict.MATCH, constraint.value)
    if len(constraint.value) >= 6 and constraint.value.isascii() and source is Source.TITLE:
        for word in text.places:
            if abs(len(word) - len(constraint.value)) <= 2 and fuzz.ratio(word, constraint.value) >= ALIKE:
                return Cell(source, Verdict.NEAR, word)
    return Cell(source, Verdict.SILENT)


def _counts(place: WordPlace, source: Source, constraint: Constraint) -> bool:
    """In an attribute the words count where they are, or begin or end, one entry of what it says."""
    if source is not Source.CPV:
        return True
    kind = _EXCLUSIVE.get(constraint.kind)
    where = place.piece.where
    if is_beside(where) or (kind is not None and not is_about(where, kind)) or is_about(where, "brand"):
        return False
    return _entry_length(place) <= SHORT


def _entry_length(place: WordPlace) -> int:
    """Words of the entry of a list in which a place stands."""
    words, text = place.piece.words, read_folded(place.piece.text)
    first = last = place.at
    while first > 0 and not _LIST.search(text[words[first - 1].end : words[first].start]):
        first -= 1
    while last + 1 < len(words) and not _LIST.search(text[words[last].end : words[last + 1].start]):
        last += 1
    return last - first + 1


_LIST = re.compile(r"[,;|/、，；]|\s-\s")


def _answered(constraint: Constraint, text: Text) -> Cell | None:
    """An attribute named for the wish that says yes, no or how many: "bluetooth: No"."""
    wanted = {stem(word) for word in asked_words(constraint.text)}
    for piece in text.pieces:
        said = _plain_answer(piece) if len(piece.text) <= 8 and wanted else None
        if said is not None and _asks(piece.where, wanted):
            literal = f"{piece.where[:40]}: {piece.text}"
            return Cell(Source.CPV, Verdict.MATCH if said else Verdict.CONFLICT, literal, "")
    return None


def _asks(name: str, wanted: set[str]) -> bool:
    named = _stems_of(name)
    return wanted <= named and len(named) <= len(wanted) + 2 and not goes_with(name)


def _plain_answer(piece: TextPiece) -> bool | None:
    said = piece.text.strip().casefold()
    return True if said in _YES else False if said in _NO else None


@lru_cache(maxsize=8192)
def _stems_of(name: str) -> frozenset[str]:
    return frozenset(stem(token.text) for token in tokens(name[:80]))
