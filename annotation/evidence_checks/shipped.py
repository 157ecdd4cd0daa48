"""Marks that come with a project in a file: what was found when its cells were read, stored for the cells that it shows now.

A pair counts only where every cell of its grid of today was read; what the file says of cells that no grid makes is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from annotation.evidence_checks import cells, gate
from annotation.evidence_checks.cells import MISSING, CellReading
from annotation.models import EvidenceCheck, Judge, SampledPair
from projects.models import Project

Marks = Mapping[CellReading, str]


def marks(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Marks]:
    """(query, item) -> what each cell reads and its mark; rows as they stand in demo/evidence.json."""
    return {(row["query"], row["item"]): {CellReading(*cell[:-1]): cell[-1] for cell in row["cells"]} for row in rows}


def store(project: Project, said: Mapping[tuple[str, str], Marks], by: str) -> int:
    """On the drawn pairs, by a rater of this name; returns on how many."""
    judge, _new = Judge.objects.get_or_create(project=project, rater=by)
    drawn = SampledPair.objects.filter(project=project).select_related(
        "pair__query", "pair__project", "pair__item__current_snapshot"
    )
    stored = 0
    with transaction.atomic():
        for one in cells.seen(project, list(drawn)):
            told = said.get((one.sampled.pair.query.text, one.sampled.pair.item.external_id))
            shown = [cell.reading for cell, _mark in one.marked]
            if told is None or any(reading not in told for reading in shown):
                continue
            absent = [reading for reading, mark in told.items() if mark == MISSING and reading not in shown]
            kept = [cells.stored(reading, told[reading]) for reading in (*shown, *absent)]
            EvidenceCheck.objects.create(pair=one.sampled.pair, judge=judge, grid_id=one.grid_id, marks=kept)
            stored += 1
        gate.recount(project)
    return stored
