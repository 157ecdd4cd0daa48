"""A grid with cells that people have put right: what they say stands in place of what was found.

A cell is known by the wish it answers (its words and its dimension) and by its source; of wishes that a query no longer asks
for nothing is put right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from relevance.evidence import Cell, EvidenceGrid, EvidenceRow, Source, Verdict, answered, decide_row
from relevance.tokens import singular, tokens


@dataclass(frozen=True)
class CellSaid:
    """What a cell ought to say, as it is shown: of a wish for something *not* to be there, too."""

    dimension: str
    text: str
    source: Source
    verdict: Verdict
    literal: str = ""

    def is_of(self, row: EvidenceRow) -> bool:
        return (row.constraint.kind.value, row.constraint.text) == (self.dimension, self.text)


def put_right(grid: EvidenceGrid, said: Iterable[CellSaid], title: str) -> EvidenceGrid:
    """The later of two that speak of one cell counts. `title`: the item's, whose words count in the overlap as they did."""
    told = tuple(said)
    if not told:
        return grid
    rows = tuple(_row(row, {one.source: one for one in told if one.is_of(row)}) for row in grid.rows)
    return replace(grid, rows=rows, overlap=answered(rows, {singular(word.text) for word in tokens(title)}))


def _row(row: EvidenceRow, said: dict[Source, CellSaid]) -> EvidenceRow:
    if not said:
        return row
    cells = tuple(_cell(cell, said.get(cell.source)) for cell in row.cells)
    return replace(row, cells=cells, verdict=decide_row(row.constraint.kind, cells))


def _cell(cell: Cell, said: CellSaid | None) -> Cell:
    if said is None:
        return cell
    where = cell.where if said.literal == cell.literal else ""
    return Cell(cell.source, said.verdict, said.literal, where)
