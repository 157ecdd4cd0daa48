"""A cell that people put right changes what it says, and nothing besides."""

from __future__ import annotations

from dataclasses import replace

from relevance.corrected_cells import CellSaid, put_right
from relevance.evidence import Source, Verdict, build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon

TITLE = "Ceramic pillow for a mouse pad, red"
GRID = build_grid(PairFacts("red mouse pad", ItemFacts("1", TITLE)), Lexicon.shipped())


def test_what_is_said_as_it_stands_changes_nothing() -> None:
    """The words of a title count in the overlap before and after."""
    (red,) = [row for row in GRID.rows if row.constraint.text == "red"]
    (title,) = [cell for cell in red.cells if cell.source is Source.TITLE]
    said = CellSaid(red.constraint.kind.value, "red", Source.TITLE, title.verdict, title.literal)
    assert put_right(GRID, [said], TITLE) == GRID


def test_the_later_of_two_counts_for_row_and_overlap() -> None:
    (red,) = [row for row in GRID.rows if row.constraint.text == "red"]
    conflict = CellSaid(red.constraint.kind.value, "red", Source.TITLE, Verdict.CONFLICT, "red")
    silent = replace(conflict, verdict=Verdict.SILENT, literal="")
    now = put_right(GRID, [conflict, silent], TITLE)
    (row,) = [row for row in now.rows if row.constraint.text == "red"]
    assert row.verdict is Verdict.SILENT
    assert now.overlap < GRID.overlap
