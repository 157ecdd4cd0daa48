"""Evidence grids as rows: made once per query, snapshot and extractor, and shared by card, prompt and hard set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from django.db.models import QuerySet

from catalogue.evidence import lexicons
from catalogue.models import Grid, Pair, Snapshot
from database.compiling import compiled
from relevance.evidence import EXTRACTOR_VERSION, EvidenceGrid, build_grid
from relevance.facts import PairFacts
from relevance.lexicon import Lexicon


class GridSubject(NamedTuple):
    """What a grid is about: a query over a snapshot."""

    query_id: int
    snapshot_id: int


class Made(NamedTuple):
    row_id: int
    grid: EvidenceGrid


def extractor(lexicon: Lexicon) -> str:
    """The code that reads and the words it knows: both decide what a grid says."""
    return f"{EXTRACTOR_VERSION}+{lexicon.digest[:32]}"


def grid_of(pair: Pair, snapshot: Snapshot) -> Grid:
    """The grid of a pair as its project's lexicon reads it now."""
    lexicon = lexicons.current(pair.project)
    if known := _known(pair.query_id, snapshot.pk, extractor(lexicon)):
        return known[0]
    seen = GridSubject(pair.query_id, snapshot.pk)
    return Grid.objects.get(pk=get_or_make({seen: pair.facts(snapshot)}, lexicon)[seen].row_id)


@compiled
def _known(query: int, snapshot: int, name: str) -> QuerySet[Grid]:
    return Grid.objects.filter(query=query, snapshot=snapshot, extractor=name)


def get_or_make(wanted: Mapping[GridSubject, PairFacts], lexicon: Lexicon) -> dict[GridSubject, Made]:
    """All grids asked for, in one to three queries; two who make the same one get the same row."""
    name = extractor(lexicon)
    known = {seen: Made(row.pk, EvidenceGrid.from_json(row.body)) for seen, row in _rows(wanted, name)}
    new = {seen: build_grid(facts, lexicon) for seen, facts in wanted.items() if seen not in known}
    if new:
        rows = [
            Grid(query_id=seen.query_id, snapshot_id=seen.snapshot_id, extractor=name, body=grid.to_json())
            for seen, grid in new.items()
        ]
        # Without ignore_conflicts the second of two who make the same grid would fail.
        Grid.objects.bulk_create(rows, ignore_conflicts=True)
        known |= {seen: Made(row.pk, new[seen]) for seen, row in _rows(new, name, without="body")}
    return known


def _rows(
    wanted: Collection[GridSubject], name: str, *, without: str = "extractor"
) -> Iterator[tuple[GridSubject, Grid]]:
    """The rows of these queries and snapshots that are asked for, out of all their combinations."""
    rows = Grid.objects.filter(
        query_id__in={seen.query_id for seen in wanted},
        snapshot_id__in={seen.snapshot_id for seen in wanted},
        extractor=name,
    ).defer(without)
    found = ((GridSubject(row.query_id, row.snapshot_id), row) for row in rows)
    return ((seen, row) for seen, row in found if seen in wanted)
