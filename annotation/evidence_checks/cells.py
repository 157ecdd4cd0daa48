"""What a cell of a grid reads, and what people said of the cells of drawn pairs, held against the grids of today.

A mark is about a pair and what its cell reads: wish, dimension, source, verdict, literal. It counts for every grid in which
a cell reads so, whoever made that grid; a cell that reads otherwise has to be looked at again. Where two people differ, the
cell counts as wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from annotation.models import EvidenceCheck, SampledPair
from catalogue.evidence import grids, lexicons
from catalogue.evidence.grids import GridSubject, Made
from catalogue.models import Pair, Snapshot
from projects.models import Project
from relevance.cells import Verdict
from relevance.evidence import EvidenceGrid
from relevance.evidence_gate import CheckedCell, CheckedPair

RIGHT, WRONG, MISSING = "right", "wrong", "missing"


class CellReading(NamedTuple):
    """What a person reads in a cell, with the wish that it answers."""

    text: str
    dimension: str
    source: str
    verdict: str
    literal: str

    @property
    def speaks(self) -> bool:
        return self.verdict != Verdict.SILENT.value


class PlacedCell(NamedTuple):
    row: int
    column: int
    where: str
    reading: CellReading

    @property
    def name(self) -> str:
        """Of its field in a form."""
        return f"cell-{self.row}-{self.column}"


@dataclass(frozen=True)
class SeenPair:
    """A drawn pair as it stands: each cell that says something with its mark, or none yet."""

    sampled: SampledPair
    grid_id: int
    marked: tuple[tuple[PlacedCell, str | None], ...]
    missing: int
    looked_at: bool
    carried: bool  # by what was said of another grid alone

    @property
    def checked(self) -> bool:
        return self.looked_at and all(mark is not None for _cell, mark in self.marked)

    @property
    def told(self) -> CheckedPair:
        query = self.sampled.pair.query_id
        cells = (CheckedCell(query, Verdict(cell.reading.verdict), mark == WRONG) for cell, mark in self.marked)
        return CheckedPair(query, tuple(cells), self.missing)


def placed(grid: EvidenceGrid) -> Iterator[PlacedCell]:
    for at, row in enumerate(grid.rows):
        wish = row.constraint
        for column, cell in enumerate(row.cells):
            reading = CellReading(wish.text, wish.kind.value, cell.source.value, cell.verdict.value, cell.literal)
            yield PlacedCell(at, column, cell.where, reading)


def standing(pairs: Collection[int]) -> dict[int, list[EvidenceCheck]]:
    """Pair -> what each judge says of it last, unless they took it back."""
    found: dict[int, list[EvidenceCheck]] = {}
    said = EvidenceCheck.objects.filter(pair__in=pairs).order_by("pair", "judge", "-revision")
    for check in said.distinct("pair", "judge"):
        if not check.withdrawn:
            found.setdefault(check.pair_id, []).append(check)
    return found


def seen(project: Project, drawn: Collection[SampledPair]) -> list[SeenPair]:
    """Each drawn pair beside its grid of today, which is made where there is none: as extracted, since what people have put
    right here says nothing of the pairs that nobody has looked at."""
    Snapshot.read_together(one.pair.item.current_snapshot for one in drawn if one.pair.item.current_snapshot)
    subjects = {one.pk: GridSubject(one.pair.query_id, one.pair.item.snapshot_now) for one in drawn}
    facts = {subjects[one.pk]: one.pair.facts() for one in drawn}
    made = grids.as_extracted(facts, lexicons.current(project))
    said = standing([one.pair_id for one in drawn])
    answer = []
    for one in drawn:
        grid = made[subjects[one.pk]]
        answer.append(_held_against(one, grid.row_id, grid.grid, said.get(one.pair_id, [])))
    return answer


def grid_to_check(pair: Pair) -> Made:
    """As extracted, whatever people have put right in it."""
    subject = GridSubject(pair.query_id, pair.item.snapshot_now)
    return grids.as_extracted({subject: pair.facts()}, lexicons.current(pair.project))[subject]


def _held_against(sampled: SampledPair, grid_id: int, grid: EvidenceGrid, said: list[EvidenceCheck]) -> SeenPair:
    marks = marks_of(said)
    cells = list(placed(grid))
    marked = tuple((cell, marks.get(cell.reading)) for cell in cells if cell.reading.speaks)
    spoken = {(cell.reading.text, cell.reading.source) for cell, _mark in marked}
    absent = {(cell.text, cell.source) for cell, mark in marks.items() if mark == MISSING} - spoken
    return SeenPair(sampled, grid_id, marked, len(absent), bool(said), all(one.grid_id != grid_id for one in said))


def marks_of(said: list[EvidenceCheck]) -> dict[CellReading, str]:
    """What was said of each cell; where two differ, wrong."""
    found: dict[CellReading, str] = {}
    for check in said:
        for mark in check.marks:
            reading = CellReading(*(mark[name] for name in CellReading._fields))
            if found.get(reading) != WRONG:
                found[reading] = mark["mark"]
    return found


def stored(reading: CellReading, mark: str) -> dict[str, Any]:
    return {**reading._asdict(), "mark": mark}
