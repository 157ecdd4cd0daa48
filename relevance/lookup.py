"""One constraint in one source of one item: match, near, conflict or silent, with the words that decided.

A conflict needs another value of the same thing: another colour, another number of the same quantity, another code of
the same letters, another kind of thing, a plain no. What an item goes with is not what it is.
"""

from __future__ import annotations

from dataclasses import replace

from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from relevance.heads import asked_kind
from relevance.lookup_kinds import kind_cell
from relevance.lookup_names import brand_cell, model_cell
from relevance.lookup_numbers import measured_cell, number_cell
from relevance.lookup_values import value_cell
from relevance.phrases import asked_words, first_place, shown
from relevance.reading import Reading, Text
from relevance.tokens import tokens


def look_up(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    cell = _found(constraint, source, reading)
    if cell.verdict in {Verdict.MATCH, Verdict.NEAR} and _denied(constraint, cell, getattr(reading, source.value)):
        return replace(cell, verdict=Verdict.CONFLICT)
    if source is Source.CAPTION and cell.verdict is Verdict.CONFLICT and not _says_for_sure(constraint):
        return Cell(source, Verdict.SILENT)
    return cell


def _says_for_sure(constraint: Constraint) -> bool:
    """A picture that shows another thing proves little; another brand, model or measure printed on it does."""
    return constraint.number is not None or constraint.kind in {Dimension.BRAND, Dimension.MODEL}


def _denied(constraint: Constraint, cell: Cell, text: Text) -> bool:
    """The item names it only to say that it is not there."""
    if not text.denied:
        return False
    asked = {token.text for token in tokens(constraint.text)}
    said = {token.text for token in tokens(cell.literal)}
    return asked <= text.denied or (constraint.value in text.denied and said <= text.denied)


def described(constraint: Constraint, reading: Reading) -> Cell:
    """What only the description says: it may answer, and contradicts nothing but by a plain denial."""
    silent = Cell(Source.CPV, Verdict.SILENT)
    if constraint.kind is Dimension.PRICE or constraint.head:
        return silent
    text = reading.described
    if constraint.number is not None:
        cell = measured_cell(constraint, Source.CPV, text.measured)
        return cell if cell.verdict is Verdict.MATCH else silent
    place = first_place(constraint, text)
    if place is None:
        return silent
    cell = Cell(Source.CPV, Verdict.MATCH, shown(place, len(asked_words(constraint.text))), place.piece.where)
    return replace(cell, verdict=Verdict.CONFLICT) if _denied(constraint, cell, text) else cell


def _is_bare_code(constraint: Constraint) -> bool:
    """A model that names no kind of thing and no product line: "tn-2110", but not "iphone 7"."""
    return constraint.kind is Dimension.MODEL and not asked_kind(constraint.text, constraint.value).things


def _found(constraint: Constraint, source: Source, reading: Reading) -> Cell:
    text: Text = getattr(reading, source.value)
    if constraint.kind is Dimension.PRICE and source is Source.CPV and reading.price is not None:
        return number_cell(constraint, source, (reading.price, reading.price), f"{reading.price:g}", "price")
    if text.empty and not (constraint.head and source is Source.CPV):
        return Cell(source, Verdict.SILENT)
    if constraint.number is not None:
        return measured_cell(constraint, source, text.measured)
    if constraint.head and constraint.role != "for" and not _is_bare_code(constraint):
        return kind_cell(constraint, source, reading)
    if constraint.kind is Dimension.BRAND:
        return brand_cell(constraint, source, reading)
    if constraint.kind is Dimension.MODEL:
        return model_cell(constraint, source, text)
    return value_cell(constraint, source, text)
