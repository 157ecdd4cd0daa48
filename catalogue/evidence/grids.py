"""Evidence grids as rows: made once per query, snapshot and extractor, and shared by card, prompt and hard set.

The extractor of a grid names all that decides what it says: the code and the words that the product reads with, the reading
that stands in place of the product's own (`+r7`), what people have put right in its cells (`+c9`), and the newest reading of the
words on the item's pictures (`+p5`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Concat

from catalogue.evidence import lexicons, readings
from catalogue.evidence.readings import StoredReading
from catalogue.models import CellCorrection, Grid, Pair, Snapshot
from catalogue.pictures import snapshot_words
from database.compiling import compiled
from database.statements import array_of, rows
from relevance.corrected_cells import CellSaid, put_right
from relevance.evidence import EvidenceGrid, Source, Verdict, build_grid
from relevance.facts import PairFacts
from relevance.lexicon import Lexicon

_READING = re.compile(r"\+r(\d+)")
_WORDS = "+p"
# Without the look ahead a digest of words that begins with "c9" would be read as a correction.
_CELLS = re.compile(r"\+c(\d{1,19})(?![0-9a-f])")
_KEYS = """SELECT q, s, evidence_key(q, s) FROM unnest(%s::bigint[], %s::bigint[]) AS wanted(q, s)"""


class GridSubject(NamedTuple):
    """What a grid is about: a query over a snapshot."""

    query_id: int
    snapshot_id: int


class Made(NamedTuple):
    row_id: int
    grid: EvidenceGrid


class _Key(Func):
    """What a grid is made with besides the product's own reading (catalogue/sql/evidence_key.sql)."""

    function = "evidence_key"
    output_field = TextField()


extractor = readings.code_and_words


def reading_in(name: str) -> int | None:
    """The id of the reading that an extractor names; None where the product's own is meant."""
    found = _READING.search(name)
    return int(found[1]) if found else None


def grid_of(pair: Pair, snapshot: Snapshot) -> Grid:
    """The grid of a pair as its query is read now."""
    lexicon = lexicons.current(pair.project)
    if known := _known(pair.query_id, snapshot.pk, extractor(lexicon)):
        return known[0]
    seen = GridSubject(pair.query_id, snapshot.pk)
    return Grid.objects.get(pk=get_or_make({seen: pair.facts(snapshot)}, lexicon)[seen].row_id)


@compiled
def _known(query: int, snapshot: int, name: str) -> QuerySet[Grid]:
    whole = Concat(Value(name), _Key(Value(query), Value(snapshot)), output_field=TextField())
    return Grid.objects.filter(query=query, snapshot=snapshot, extractor=whole)


def get_or_make(wanted: Mapping[GridSubject, PairFacts], lexicon: Lexicon) -> dict[GridSubject, Made]:
    """All grids asked for, in two to eight queries; two who make the same one get the same row."""
    return _get_or_make(wanted, names_of(wanted, lexicon), lexicon)


def as_extracted(wanted: Mapping[GridSubject, PairFacts], lexicon: Lexicon) -> dict[GridSubject, Made]:
    """The same without what people have put right: what the extractor says where nobody has looked, so that it can be measured."""
    names = {seen: _CELLS.sub("", name) for seen, name in names_of(wanted, lexicon).items()}
    read = readings.by_ids({reading for name in names.values() if (reading := reading_in(name))})
    by_people = {one.row_id for one in read.values() if one.origin is readings.Origin.PERSON}
    bare = {seen: _READING.sub("", name) if reading_in(name) in by_people else name for seen, name in names.items()}
    return _get_or_make(wanted, bare, lexicon)


def _get_or_make(
    wanted: Mapping[GridSubject, PairFacts], names: Mapping[GridSubject, str], lexicon: Lexicon
) -> dict[GridSubject, Made]:
    known = {seen: Made(row.pk, EvidenceGrid.from_json(row.body)) for seen, row in _rows(names)}
    new = _built({seen: facts for seen, facts in wanted.items() if seen not in known}, names, lexicon)
    if new:
        made = [
            Grid(query_id=seen.query_id, snapshot_id=seen.snapshot_id, extractor=names[seen], body=grid.to_json())
            for seen, grid in new.items()
        ]
        # Without ignore_conflicts the second of two who make the same grid would fail.
        Grid.objects.bulk_create(made, ignore_conflicts=True)
        stored = _rows({seen: names[seen] for seen in new}, without="body")
        known |= {seen: Made(row.pk, new[seen]) for seen, row in stored}
    return known


def get_or_build(wanted: Mapping[GridSubject, PairFacts], lexicon: Lexicon) -> dict[GridSubject, EvidenceGrid]:
    """Stored grids where there are any, else built now; they are not stored."""
    names = names_of(wanted, lexicon)
    known = {seen: EvidenceGrid.from_json(row.body) for seen, row in _rows(names)}
    return known | _built({seen: facts for seen, facts in wanted.items() if seen not in known}, names, lexicon)


def missing(wanted: Collection[GridSubject], lexicon: Lexicon) -> set[GridSubject]:
    """Those whose grid has not been made as it would be made now."""
    names = names_of(wanted, lexicon)
    return set(wanted) - {seen for seen, _row in _rows(names, without="body")}


def names_of(wanted: Collection[GridSubject], lexicon: Lexicon) -> dict[GridSubject, str]:
    """The extractor of each grid as it would be made now."""
    queries, snapshots = array_of(one.query_id for one in wanted), array_of(one.snapshot_id for one in wanted)
    base = extractor(lexicon)
    return {GridSubject(query, snapshot): base + key for query, snapshot, key in rows(_KEYS, queries, snapshots)}


def _built(
    wanted: Mapping[GridSubject, PairFacts], names: Mapping[GridSubject, str], lexicon: Lexicon
) -> dict[GridSubject, EvidenceGrid]:
    """By the reading and the corrections that the names tell, whatever has been said since."""
    if not wanted:
        return {}
    wanted = _with_words(wanted, names)
    read = _readings(wanted, names, lexicon)
    said = _said({seen: int(found[1]) for seen in wanted if (found := _CELLS.search(names[seen]))})
    return {
        seen: put_right(
            build_grid(facts, lexicon, read[seen.query_id].constraints), said.get(seen, ()), facts.item.title
        )
        for seen, facts in wanted.items()
    }


def _with_words(
    wanted: Mapping[GridSubject, PairFacts], names: Mapping[GridSubject, str]
) -> dict[GridSubject, PairFacts]:
    """Without it facts from before a picture was read would stand for good in the grid that names its reading."""
    printed = snapshot_words.of_snapshots({seen.snapshot_id for seen in wanted if _WORDS in names[seen]})
    words = {seen: printed[seen.snapshot_id].text if seen.snapshot_id in printed else "" for seen in wanted}
    return {
        seen: replace(facts, item=replace(facts.item, picture_words=words[seen]))
        if words[seen] != facts.item.picture_words
        else facts
        for seen, facts in wanted.items()
    }


def _readings(
    wanted: Mapping[GridSubject, PairFacts], names: Mapping[GridSubject, str], lexicon: Lexicon
) -> dict[int, StoredReading]:
    stand = {seen.query_id: reading for seen in wanted if (reading := reading_in(names[seen]))}
    texts = {seen.query_id: facts.query for seen, facts in wanted.items() if seen.query_id not in stand}
    return readings.by_ids(stand.values()) | readings.of_the_tagger(texts, lexicon)


def _said(newest: Mapping[GridSubject, int]) -> dict[GridSubject, list[CellSaid]]:
    """What people have put right in each grid up to a correction; what was taken back is not said."""
    if not newest:
        return {}
    told = CellCorrection.objects.filter(
        grid__query__in={seen.query_id for seen in newest}, grid__snapshot__in={seen.snapshot_id for seen in newest}
    ).annotate(query=F("grid__query"), snapshot=F("grid__snapshot"))
    latest: dict[GridSubject, dict[tuple[str, str, str], CellCorrection]] = {}
    for row in told.order_by("pk"):
        seen = GridSubject(row.query, row.snapshot)
        if row.pk <= newest.get(seen, 0):
            latest.setdefault(seen, {})[row.dimension, row.text, row.source] = row
    return {seen: list(_values(cells.values())) for seen, cells in latest.items()}


def _values(cells: Iterable[CellCorrection]) -> Iterator[CellSaid]:
    for one in cells:
        if one.verdict:
            yield CellSaid(one.dimension, one.text, Source(one.source), Verdict(one.verdict), one.literal)


def _rows(names: Mapping[GridSubject, str], *, without: str = "created_at") -> Iterator[tuple[GridSubject, Grid]]:
    """The rows of these queries and snapshots that are asked for, out of all their combinations."""
    found = Grid.objects.filter(
        query_id__in={seen.query_id for seen in names},
        snapshot_id__in={seen.snapshot_id for seen in names},
        extractor__in=set(names.values()),
    ).defer(without)
    for row in found if names else ():
        seen = GridSubject(row.query_id, row.snapshot_id)
        if names.get(seen) == row.extractor:
            yield seen, row
