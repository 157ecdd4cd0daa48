"""Writes a chunk of records in a handful of statements, whatever its size. Idempotent on the natural keys.

SQL by hand: a million rows at several thousand a second leave no room for an object per row. The caller holds the
project's row locked, so two imports into one project take turns chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from annotation import settling
from annotation.crediting import StoredPair, store_gold, store_ratings
from annotation.mapping import Record
from annotation.models import Import, Query, Slot
from annotation.sayings import clock, copy, fresh_ids, rows, run
from annotation.snapshotting import StoredItem, store_items
from projects.models import Mode, Project

POSITION_BITS = 20  # of a slot's position: the pair's place within its query


class StoredQuery(NamedTuple):
    id: int
    benchmark: bool


@dataclass
class Counts:
    """What became of the rows: read = new + known + changed + rejected. Gold and ratings count what was added."""

    read: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    rejected: int = 0
    gold: int = 0
    ratings: int = 0
    images: int = 0

    def add(self, other: Counts) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def store(batch: Import, project: Project, records: Sequence[Record], *, judge_gold: bool) -> Counts:
    """Write the records of one chunk: items and snapshots, then for pairs queries, pairs, gold, ratings, slots."""
    counts = Counts(read=len(records))
    items = store_items(batch, project, records)
    changed = {item.id for item in items if item.changed}
    if batch.kind == Import.Kind.ITEMS:
        _count_items(batch, items, counts)
        settling.settle_changed(project, changed)
        return counts
    queries = _store_queries(project, records)
    ids = {text: query.id for text, query in queries.items()}
    pairs = _store_pairs(batch, project, records, items, ids)
    _count_pairs(batch, pairs, items, counts)
    new_gold = store_gold(batch, pairs, records, items)
    new_ratings = store_ratings(batch, project, pairs, records, items)
    counts.gold, counts.ratings = len(new_gold), len(new_ratings)
    labelled = {pair.id for pair, record in zip(pairs, records, strict=True) if record.label}
    _store_slots(
        project,
        [
            (pair.id, *queries[record.query])
            for pair, record in zip(pairs, records, strict=True)
            if pair.new and (judge_gold or pair.id not in labelled)
        ],
    )
    settling.settle(project, {id_ for id_ in new_ratings if id_ not in labelled} | _old(new_gold, pairs))
    settling.settle_changed(project, changed)
    return counts


def _count_items(batch: Import, items: Sequence[StoredItem], counts: Counts) -> None:
    counts.new = sum(item.new for item in items)
    counts.changed = sum(item.changed for item in items)
    counts.known = counts.read - counts.new - counts.changed


def _store_queries(project: Project, records: Sequence[Record]) -> dict[str, StoredQuery]:
    """Benchmark once is benchmark for good, and its open slots are blind from then on."""
    wanted = {record.query: record for record in reversed(records)}
    run(
        """INSERT INTO annotation_query (project_id, text, locale, is_benchmark)
           SELECT %s, text, locale, false FROM unnest(%s::text[], %s::text[]) AS n(text, locale)
           ON CONFLICT DO NOTHING""",
        project.pk,
        list(wanted),
        [record.locale for record in wanted.values()],
    )
    found = rows(
        "SELECT text, id, is_benchmark FROM annotation_query WHERE project_id = %s AND text = ANY(%s::text[])",
        project.pk,
        list(wanted),
    )
    stored = {text: StoredQuery(row_id, is_benchmark) for text, row_id, is_benchmark in found}
    marked = {text for text in {record.query for record in records if record.benchmark} if not stored[text].benchmark}
    if marked:
        ids = [stored[text].id for text in marked]
        Query.objects.filter(pk__in=ids).update(is_benchmark=True)
        Slot.objects.filter(pair__query_id__in=ids, state=Slot.State.OPEN).update(mode=Mode.BLIND)
        stored.update({text: StoredQuery(stored[text].id, benchmark=True) for text in marked})
    return stored


def _store_pairs(
    batch: Import, project: Project, records: Sequence[Record], items: Sequence[StoredItem], queries: dict[str, int]
) -> list[StoredPair]:
    keys = [(queries[record.query], item.id) for record, item in zip(records, items, strict=True)]
    young = {item.id for item in items if item.new}  # made by this chunk: no pair can have them yet
    known = _known_pairs(list(dict.fromkeys(key for key in keys if key[1] not in young)))
    firsts = dict(zip(reversed(keys), reversed(records), strict=True))
    fresh = [key for key in dict.fromkeys(keys) if key not in known]
    new = dict(zip(fresh, fresh_ids("annotation_pair", len(fresh)), strict=True))
    project_id, batch_id = project.pk, batch.pk
    if new:
        now = clock()
        copy(
            "annotation_pair",
            "id, project_id, query_id, item_id, external_id, batch_id, gold_label, created_at",
            ((row_id, project_id, *key, firsts[key].pair_id, batch_id, "", now) for key, row_id in new.items()),
        )
    pairs = []
    for key in keys:
        is_new = new.pop(key, None)
        if is_new is not None:
            known[key] = (is_new, batch_id)
        pairs.append(StoredPair(*known[key], new=is_new is not None))
    return pairs


def _known_pairs(keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
    if not keys:
        return {}
    found = rows(
        """SELECT p.query_id, p.item_id, p.id, p.batch_id FROM unnest(%s::bigint[], %s::bigint[]) AS k(query, item)
           JOIN annotation_pair p ON p.query_id = k.query AND p.item_id = k.item""",
        [query for query, _item in keys],
        [item for _query, item in keys],
    )
    return {(query, item): (row_id, batch_id) for query, item, row_id, batch_id in found}


def _count_pairs(batch: Import, pairs: Sequence[StoredPair], items: Sequence[StoredItem], counts: Counts) -> None:
    """A known pair has changed when this import gave its item other content, through this row or another."""
    for pair, item in zip(pairs, items, strict=True):
        if pair.new:
            counts.new += 1
        elif item.changed or (item.snapshot_batch == batch.pk and pair.batch_id != batch.pk):
            counts.changed += 1
        else:
            counts.known += 1


def _store_slots(project: Project, wanted: Sequence[tuple[int, int, bool]]) -> None:
    """As many as the project wants per pair, those of one query together; a benchmark query is judged blind.

    `wanted`: pair, query, and whether the query is of the benchmark.
    """
    if wanted:
        project_id, numbers = project.pk, range(1, project.overlap + 1)
        copy(
            "annotation_slot",
            "project_id, pair_id, round, number, state, mode, position",
            (
                (project_id, pair, 1, number, "open", Mode.BLIND.value if blind else "", position(query, pair))
                for pair, query, blind in wanted
                for number in numbers
            ),
        )


def position(query: int, pair: int) -> int:
    """Of a slot in the queue: the pairs of one query follow each other (more_judgments says the same in SQL)."""
    return (query << POSITION_BITS) + pair % (1 << POSITION_BITS)


def _old(new_gold: dict[int, str], pairs: Sequence[StoredPair]) -> set[int]:
    """Pairs that people may have disagreed on before this gold came."""
    return {pair.id for pair in pairs if not pair.new and pair.id in new_gold}
