"""A brand or a model in a source of an item: named as its own, named as what it goes with, or another one named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rapidfuzz import fuzz

from relevance.attributes import goes_with, is_about, is_beside
from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint
from relevance.facts import fold
from relevance.phrases import SHOWN, asked_words, first_place, told
from relevance.reading import Reading, Text, WordPlace

ALIKE = 88  # spelling similarity in percent from which a brand counts as the one that was meant
LISTED = 16  # words after the name of a product line in which its models are listed


def brand_cell(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    text: Text = getattr(reading, source.value)
    if source is Source.CPV and reading.brand:
        wanted = " ".join(asked_words(constraint.text))
        if wanted and f" {wanted} " in f" {_plain(reading.brand)} ":
            return Cell(source, Verdict.MATCH, reading.brand[:SHOWN], "brand")
    place = first_place(constraint, text)
    if place is not None and (source is not Source.CPV or not is_beside(place.piece.where)):
        near = _other_brand(place, source, reading) and constraint.role != "for"
        return Cell(source, Verdict.NEAR if near else Verdict.MATCH, *told(place, constraint))
    if source is Source.CPV and reading.brand and fuzz.ratio(fold(constraint.text), reading.brand) >= ALIKE:
        return Cell(source, Verdict.MATCH, reading.brand[:SHOWN], "brand")
    if constraint.role == "for" or not _is_known_brand(constraint, reading):
        return Cell(source, Verdict.SILENT)
    if source is Source.CPV and reading.brand:
        return Cell(source, Verdict.CONFLICT, reading.brand[:SHOWN], "brand")
    if source is Source.TITLE and not reading.brand:
        first = next((one for one in text.named if one.entry.kind == "brand"), None)
        if first is not None and first.position == 0 and first.entry.value != constraint.value:
            return Cell(source, Verdict.CONFLICT, first.literal)
    return Cell(source, Verdict.SILENT)


def _is_known_brand(constraint: Constraint, reading: Reading) -> bool:
    """A word that was only taken for a brand contradicts no other one."""
    known = (reading.lexicon.meaning(fold(text)) for text in (constraint.text, constraint.value))
    return any(one is not None and one.kind == "brand" for one in known)


def _other_brand(place: WordPlace, source: Source, reading: Reading) -> bool:
    """The brand is named, but as what the item goes with: behind "for", or not first where another brand made it."""
    if source is Source.CPV:
        return not is_about(place.piece.where, "brand")
    if source is not Source.TITLE:
        return False
    before = {token.text for token in place.piece.words[: place.at]}
    return bool(before & {"for", "fits", "compatible", "适用"}) or (bool(reading.brand) and place.at > 2)


def _plain(text: str) -> str:
    return " ".join(asked_words(text))


def model_cell(constraint: Constraint, source: Source, text: Text) -> Cell:
    """The code or name itself, a longer one of the series, or another code of the same letters."""
    place = first_place(constraint, text)
    if place is not None:
        known = source is not Source.CPV or not is_beside(place.piece.where)
        near = source is Source.CPV and goes_with(place.piece.where) and constraint.role != "for"
        if known:
            return Cell(source, Verdict.NEAR if near else Verdict.MATCH, *told(place, constraint))
    if (listed := _in_list(asked_words(constraint.text), text)) is not None and source is not Source.CPV:
        return Cell(source, Verdict.MATCH, *told(listed, constraint))
    if (part := _own_code(asked_words(constraint.text), text)) is not None and source is Source.TITLE:
        return Cell(source, Verdict.NEAR, *told(part, constraint))
    asked = _code(fold(constraint.text))
    if asked is None:
        return _part_of_code(constraint, source, text)
    found = [(one, place) for one, place in _codes(text, source) if one[0] == asked[0]]
    for one, place in found:
        if one == asked or (one[1].startswith(asked[1]) and len(asked[1]) >= 4):
            exact = one == asked
            return Cell(source, Verdict.MATCH if exact else Verdict.NEAR, *told(place, constraint))
    if found and asked[1] not in {one[1] for one, _ in found}:
        return Cell(source, Verdict.CONFLICT, *told(found[0][1], constraint))
    if found:
        return Cell(source, Verdict.NEAR, *told(found[0][1], constraint))
    return _part_of_code(constraint, source, text)


def _in_list(words: tuple[str, ...], text: Text) -> WordPlace | None:
    """ "iPhone 11/XS/XR" names the iphone xr."""
    for place in text.places.get(words[0], ()) if len(words) == 2 else ():
        after = [token.text for token in place.piece.words[place.at + 1 : place.at + LISTED]]
        if words[1] in after:
            return place
    return None


def _own_code(words: tuple[str, ...], text: Text) -> WordPlace | None:
    """Of "x2000 pro" the x2000."""
    codes = (word for word in words if len(words) > 1 and not word.isalpha() and not word.isdigit() and len(word) > 2)
    return next((text.places[code][0] for code in codes if code in text.places), None)


def _part_of_code(constraint: Constraint, source: Source, text: Text) -> Cell:
    """A model number inside a longer one is of the same series, and so is one without what a wish says behind it."""
    code, _, behind = constraint.value.partition(" ")
    plain = code.replace("-", "")
    if len(plain) >= 4 and any(sign.isdigit() for sign in plain):
        for word, places in text.places.items():
            bare = word.replace("-", "")
            if plain in bare:
                verdict = Verdict.MATCH if bare == plain and not behind else Verdict.NEAR
                return Cell(source, verdict, *told(places[0], constraint))
    return Cell(source, Verdict.SILENT)


@lru_cache(maxsize=8192)
def _code(text: str) -> tuple[str, str, str] | None:
    """Letters, digits and what follows of a wish that ends with a code: tn-2110, rtx 2060, iphone 7."""
    found = re.search(
        r"(?<![a-z0-9])(?P<letters>[a-z]{1,8})[ -]?(?P<digits>\d{1,6}(?:\.\d)?)(?P<rest>[a-z]{0,3})\Z", text
    )
    return (found["letters"], found["digits"], found["rest"]) if found and len(found["letters"]) > 1 else None


def _codes(text: Text, source: Source) -> Iterator[tuple[tuple[str, str, str], WordPlace]]:
    """The codes that say which model the item is: in its title, and in attributes that name the model."""
    for piece in text.pieces:
        if source is Source.CPV and not is_about(piece.where, "model"):
            continue
        for at, token in enumerate(piece.words):
            after = piece.words[at + 1].text if at + 1 < len(piece.words) else ""
            spaced = f"{token.text} {after}" if after[:1].isdigit() and token.text.isalpha() else token.text
            if (found := _code(spaced)) is not None:
                yield found, WordPlace(piece, at)
