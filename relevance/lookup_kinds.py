"""Whether a source says that the item is the kind of thing that is asked for (relevance.heads).

Its title says it, its category and what its type is said to be, and, where the title names nothing, the beginning of its
description. What other attributes name goes with the thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from relevance.attributes import goes_with, is_about, is_included
from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint
from relevance.facts import fold
from relevance.heads import AskedKind, asked_kind, is_of_kind, names_a_thing
from relevance.lookup_names import model_cell
from relevance.lookup_values import word_cell
from relevance.phrases import first_place, original, places, says, told
from relevance.reading import Reading, Text

BEGINNING = 120  # characters of a description that say what the thing is


def kind_cell(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    """Whether the item is the kind of thing: told by its title, its category and what its type is said to be."""
    asked = asked_kind(constraint.text, constraint.value)
    text: Text = getattr(reading, source.value)
    if source is Source.TITLE:
        return _titled(constraint, asked, reading)
    if source is Source.CAPTION:
        return _captioned(constraint, asked, text)
    best = Cell(source, Verdict.SILENT)
    for piece in text.pieces if source is Source.CPV else ():
        if is_about(piece.where, "category"):
            for part in re.split(r"[|>›,;]", piece.text[:200]):
                cell = _of_kind(asked, source, part, "", piece.where)
                best = cell if _stronger(cell, best) else best
    if best.verdict is Verdict.SILENT and source is Source.CPV and not names_a_thing(reading.item.title, reading.brand):
        best = _of_kind(asked, source, reading.item.description[:BEGINNING], reading.brand, "description")
    if best.verdict is Verdict.SILENT and not asked.things:
        return word_cell(constraint, source, text)
    return _goes_with(constraint, text) or best if source is Source.CPV and best.verdict is Verdict.SILENT else best


def _goes_with(constraint: Constraint, text: Text) -> Cell | None:
    """Named where the item tells what it works with or what comes along: it goes with the thing."""
    for place in places(constraint, text):
        if goes_with(place.piece.where) or is_included(place.piece.where):
            return Cell(Source.CPV, Verdict.NEAR, *told(place, constraint))
    return None


def _titled(constraint: Constraint, asked: AskedKind, reading: Reading) -> Cell:
    cell = _of_kind(asked, Source.TITLE, reading.item.title, reading.brand, "")
    if asked.line and cell.verdict is not Verdict.CONFLICT:
        return model_cell(constraint, Source.TITLE, reading.title)
    if cell.verdict is Verdict.SILENT:
        return word_cell(constraint, Source.TITLE, reading.title)
    if cell.verdict is Verdict.NEAR and asked.noun.endswith(f" {fold(cell.literal)}"):
        more = asked.noun.removesuffix(f" {fold(cell.literal)}").split()  # "smart watch" asked, a watch named
        return replace(cell, verdict=Verdict.MATCH) if _all_said(more, reading) else cell
    if cell.verdict is Verdict.MATCH and asked.before and not _all_said(asked.before, reading):
        return replace(cell, verdict=Verdict.NEAR)
    return cell


def _all_said(words: Iterable[str], reading: Reading) -> bool:
    """Each word stands in the title, in an attribute or in the description."""
    texts = (reading.title, reading.cpv, reading.described)
    return all(any(says(word, text) for text in texts) for word in words)


def _captioned(constraint: Constraint, asked: AskedKind, text: Text) -> Cell:
    """A picture shows, or its print names, the thing; that it shows another one proves nothing."""
    if (there := first_place(constraint, text)) is not None:
        return Cell(Source.CAPTION, Verdict.MATCH, *told(there, constraint))
    found = (_of_kind(asked, Source.CAPTION, piece.text, "", piece.where) for piece in text.pieces)
    match = next((cell for cell in found if cell.verdict is Verdict.MATCH), Cell(Source.CAPTION, Verdict.SILENT))
    return (
        match if all(says(word, text) for word in asked.before) else replace(match, verdict=Verdict.SILENT, literal="")
    )


def _of_kind(asked: AskedKind, source: Source, text: str, brand: str, where: str) -> Cell:
    found = is_of_kind(asked, text, brand)
    if not found.verdict:
        return Cell(source, Verdict.SILENT)
    literal = original(text, found.start, found.end)
    return Cell(source, Verdict(found.verdict), literal, where)


def _stronger(one: Cell, other: Cell) -> bool:
    order = (Verdict.SILENT, Verdict.CONFLICT, Verdict.NEAR, Verdict.MATCH)
    return order.index(one.verdict) > order.index(other.verdict)
