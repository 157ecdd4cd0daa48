"""The evidence grid: each constraint of a query looked up in title, attributes (CPV), variants (SKU) and caption.

A cell says match, near, conflict or silent, with the literal value found. Silent is not conflict: an item that says
nothing contradicts nothing. Which source decides a row is said once, in `DECIDES`. The grid knows no labels and no rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint, extract_constraints
from relevance.dimensions import Dimension
from relevance.facts import PairFacts, fold
from relevance.heads import asked_kind
from relevance.lexicon import Lexicon
from relevance.lookup import described, look_up
from relevance.phrases import holds_words
from relevance.reading import Reading, read_item
from relevance.tokens import singular, tokens

EXTRACTOR_VERSION = "9"
__all__ = ["EXTRACTOR_VERSION", "Cell", "EvidenceGrid", "EvidenceRow", "Source", "Verdict", "build_grid", "highlights"]

# The first source of the row's dimension that is not silent decides; a match elsewhere softens a conflict to near.
_USUAL = (Source.TITLE, Source.CPV, Source.SKU, Source.CAPTION)
DECIDES: Mapping[Dimension, tuple[Source, ...]] = {
    Dimension.BRAND: (Source.CPV, Source.TITLE, Source.SKU, Source.CAPTION),
    Dimension.COLOUR: (Source.CPV, Source.CAPTION, Source.TITLE, Source.SKU),
    Dimension.SEASON: (Source.CAPTION, Source.CPV, Source.TITLE, Source.SKU),
    Dimension.AUDIENCE: (Source.CPV, Source.TITLE, Source.SKU, Source.CAPTION),
    Dimension.SPECIFICATION: (Source.SKU, Source.CPV, Source.TITLE, Source.CAPTION),
    Dimension.PRICE: (Source.CPV, Source.SKU, Source.TITLE, Source.CAPTION),
}


HIGHLIGHTED = 4000  # characters of a text in which words are marked
_PIECE = re.compile(r"\s+|\S+")


@dataclass(frozen=True)
class EvidenceRow:
    constraint: Constraint
    cells: tuple[Cell, ...]
    verdict: Verdict

    @property
    def describes(self) -> bool:
        """The title uses the asked words, but to describe another thing: a "mouse pillow" for a mouse."""
        return self.verdict is Verdict.CONFLICT and any(
            holds_words(cell.literal, self.constraint.text)
            for cell in self.cells
            if cell.source is Source.TITLE and cell.verdict is Verdict.CONFLICT
        )


@dataclass(frozen=True)
class EvidenceGrid:
    """`overlap`: the share of the query's content words found in title, attributes or category, 0 to 1."""

    rows: tuple[EvidenceRow, ...]
    overlap: float
    extractor_version: str

    @property
    def conflicts(self) -> tuple[EvidenceRow, ...]:
        return tuple(row for row in self.rows if row.verdict is Verdict.CONFLICT)

    @property
    def head(self) -> EvidenceRow | None:
        """The row of what the shopper wants, where the query names it."""
        return next((row for row in self.rows if row.constraint.head), None)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": [
                {
                    "constraint": row.constraint.to_json(),
                    "cells": [dict(vars(cell)) for cell in row.cells],
                    "verdict": row.verdict,
                }
                for row in self.rows
            ],
            "overlap": self.overlap,
            "extractor_version": self.extractor_version,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EvidenceGrid:
        return cls(tuple(_row(row) for row in data["rows"]), data["overlap"], data["extractor_version"])


_SOURCES: Mapping[str, Source] = {one.value: one for one in Source}
_VERDICTS: Mapping[str, Verdict] = {one.value: one for one in Verdict}
_SAYS_NOTHING: Mapping[str, Cell] = {one.value: Cell(one, Verdict.SILENT) for one in Source}  # most cells


def _row(data: Mapping[str, Any]) -> EvidenceRow:
    cells = tuple([_cell(cell) for cell in data["cells"]])
    return EvidenceRow(Constraint.from_json(data["constraint"]), cells, _VERDICTS[data["verdict"]])


def _cell(data: Mapping[str, Any]) -> Cell:
    if data["verdict"] == "silent" and not data["literal"] and not data["where"]:
        return _SAYS_NOTHING[data["source"]]
    return Cell(_SOURCES[data["source"]], _VERDICTS[data["verdict"]], data["literal"], data["where"])


def build_grid(pair: PairFacts, lexicon: Lexicon, wishes: Iterable[Constraint] | None = None) -> EvidenceGrid:
    """The grid of a pair; never raises, whatever the texts. Bounded by the caps of relevance.tokens and .reading.

    `wishes`: the query's reading where it is known already, a person's correction for one; else the query is read here.
    """
    constraints = _constraints(pair.query, lexicon) if wishes is None else tuple(wishes)
    reading = read_item(pair.item, lexicon)
    rows = [_looked_up(constraint, reading) for constraint in constraints]
    if main := _main_or_accessory(constraints, reading):
        rows.append(main)
    return EvidenceGrid(tuple(rows), answered(rows, reading.title.words), EXTRACTOR_VERSION)


@lru_cache(maxsize=4096)
def _constraints_of(query: str, digest: str, holder: _Holder) -> tuple[Constraint, ...]:
    return extract_constraints(query, holder.lexicon)


@dataclass(frozen=True)
class _Holder:
    """Lets a cache key be the lexicon's digest instead of its whole content."""

    digest: str

    @property
    def lexicon(self) -> Lexicon:
        return _lexicons[self.digest]


_lexicons: dict[str, Lexicon] = {}


def _constraints(query: str, lexicon: Lexicon) -> tuple[Constraint, ...]:
    _lexicons.setdefault(lexicon.digest, lexicon)
    return _constraints_of(query, lexicon.digest, _Holder(lexicon.digest))


def _looked_up(constraint: Constraint, reading: Reading) -> EvidenceRow:
    cells = tuple(look_up(constraint, source, reading) for source in Source)
    if all(cell.verdict is Verdict.SILENT for cell in cells):
        cells = tuple(described(constraint, reading) if cell.source is Source.CPV else cell for cell in cells)
    verdict = decide_row(constraint.kind, cells)
    if constraint.negated:
        cells = tuple(_negated(cell) for cell in cells)
        verdict = decide_row(constraint.kind, cells)
    return EvidenceRow(constraint, cells, verdict)


def decide_row(kind: Dimension, cells: Iterable[Cell]) -> Verdict:
    by_source = {cell.source: cell.verdict for cell in cells}
    spoken = [by_source[s] for s in DECIDES.get(kind, _USUAL) if by_source[s] is not Verdict.SILENT]
    if not spoken:
        return Verdict.SILENT
    softens = {Verdict.MATCH, Verdict.NEAR} if kind is Dimension.BRAND else {Verdict.MATCH}
    if spoken[0] is Verdict.CONFLICT and not softens.isdisjoint(spoken):
        return Verdict.NEAR
    return spoken[0]


def _negated(cell: Cell) -> Cell:
    """What must not be there is there: a conflict. That it is not mentioned proves nothing."""
    if cell.verdict in {Verdict.MATCH, Verdict.NEAR}:
        return replace(cell, verdict=Verdict.CONFLICT)
    return replace(cell, verdict=Verdict.MATCH) if cell.verdict is Verdict.CONFLICT else cell


def _main_or_accessory(constraints: Iterable[Constraint], reading: Reading) -> EvidenceRow | None:
    """Asked a main product, offered a part or companion of one (or the other way round): a row the query implies."""
    wished = list(constraints)
    if not reading.accessory or any(c.asks_about is Dimension.MAIN_ACCESSORY or c.negated for c in wished):
        return None
    wants = next((c for c in wished if _wants_main(c)), None)
    if wants is None:
        return None
    implied = Constraint(Dimension.MAIN_ACCESSORY, wants.text, "main")
    found = Cell(Source.TITLE, Verdict.CONFLICT, reading.accessory)
    cells = tuple(found if source is Source.TITLE else Cell(source, Verdict.SILENT) for source in Source)
    return EvidenceRow(implied, cells, Verdict.CONFLICT)


def _wants_main(wish: Constraint) -> bool:
    """A kind of thing that is no accessory, or a model of one."""
    if wish.role == "for" or not (wish.head or wish.kind is Dimension.MODEL):
        return False
    asked = asked_kind(wish.text, wish.value)
    return bool(asked.things) and not asked.part if wish.head else True


# What a hit is worth by where it stands: a title names the item, an attribute mentions many things besides.
_WORTH = {Source.TITLE: 1.0, Source.CPV: 0.35, Source.SKU: 0.5, Source.CAPTION: 0.7}
_NAMING = {Dimension.BRAND, Dimension.COLOUR, Dimension.MATERIAL, Dimension.AUDIENCE, Dimension.SPECIFICATION}


def answered(rows: Iterable[EvidenceRow], title: Collection[str] = frozenset()) -> float:
    """How much of the query is answered: each wish by its best hit, near counting half; the implied row is no wish.

    It counts words, not things: of a "mouse pillow" half the mouse is answered, and of a "phone case" by a phone half.
    """
    asked = [row for row in rows if not row.constraint.negated and row.constraint.value != "main"]
    if not asked:
        return 0.0
    return round(sum(_answered(row, title) for row in asked) / len(asked), 4)


def _answered(row: EvidenceRow, title: Collection[str]) -> float:
    words = [singular(token.text) for token in tokens(row.constraint.text)] if row.constraint.head else []
    best = sum(word in title for word in words) / len(words) if len(words) > 1 else 0.0
    best = max(best, 0.5 if row.constraint.head and row.describes else 0.0)
    for cell in row.cells:
        if cell.verdict in {Verdict.MATCH, Verdict.NEAR}:
            full = row.constraint.kind in _NAMING or cell.where == "category"
            worth = 1.0 if full else _WORTH[cell.source]
            whole = cell.verdict is Verdict.MATCH or (cell.source is Source.CPV and row.constraint.head)
            best = max(best, worth if whole else worth / 2)
    return best


def highlights(text: str, grid: EvidenceGrid) -> list[tuple[str, bool]]:
    """The text in pieces, those marked that answer a constraint; the pieces joined are the text itself.

    Beyond HIGHLIGHTED characters nothing is marked: the rest is one piece.
    """
    literals = {
        token.text
        for row in grid.rows
        for cell in row.cells
        if cell.source is Source.TITLE and cell.verdict in {Verdict.MATCH, Verdict.NEAR}
        for token in tokens(cell.literal)
    }
    known = literals | {singular(word) for word in literals}
    inside = tuple(literal for literal in literals if not literal.isascii())
    pieces = [(piece, _marked(piece, known, inside)) for piece in _PIECE.findall(text[:HIGHLIGHTED])]
    return [*pieces, (text[HIGHLIGHTED:], False)] if len(text) > HIGHLIGHTED else pieces


def _marked(word: str, known: set[str], inside: tuple[str, ...]) -> bool:
    folded = fold(word).strip(".,;:()[]!?，。、（）")
    return folded in known or singular(folded) in known or any(literal in folded for literal in inside)
