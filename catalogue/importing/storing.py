"""Writes a chunk of records in a handful of statements, whatever its size. Idempotent on the natural keys.

SQL by hand: a million rows at several thousand a second leave no room for an object per row. The caller holds the
project's row locked, so two imports into one project take turns chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from catalogue.importing.items import StoredItem, store_items
from catalogue.importing.labels import conflicts
from catalogue.importing.labels.conflicts import Conflict
from catalogue.importing.meaning.mapping import Record
from catalogue.models import Import, Query
from database.statements import clock, copy, fresh_ids, rows, run
from projects import audit
from projects.hooks import Hook
from projects.models import Project
from relevance.facts import AskedQuery


class StoredQuery(NamedTuple):
    id: int
    benchmark: bool


class StoredPair(NamedTuple):
    """The pair of one record: `new` when this record made it."""

    id: int
    batch_id: int
    new: bool


@dataclass(frozen=True)
class StoredChunk:
    """What was written: of each record in turn its query, its pair and its item; `changed`: items that say something else
    than before, also where there are no pairs. `judge_gold`: labelled pairs are judged as well."""

    batch: Import
    project: Project
    records: Sequence[Record]
    items: Sequence[StoredItem]
    judge_gold: bool
    changed: Set[int]
    queries: Sequence[StoredQuery] = ()
    pairs: Sequence[StoredPair] = ()


class AddedLabels(NamedTuple):
    """How many gold labels, ratings and foreign predictions a chunk added, and which labels contradict what stands."""

    gold: int = 0
    ratings: int = 0
    predictions: int = 0
    conflicts: Sequence[Conflict] = ()


chunk_stored: Hook[[StoredChunk], AddedLabels] = Hook()  # labels, ratings, predictions, and who is asked to judge
queries_became_benchmark: Hook[[Sequence[int]], None] = Hook()


def _count(description: str) -> Any:
    return field(default=0, metadata={"description": description})


@dataclass
class ImportCounts:
    """What became of the rows: read = new + known + changed + rejected. Gold, ratings and predictions count what was added,
    `replaced` the bytes that could not be read, conflicts the labels that are not what stands."""

    read: int = _count("Rows that were read.")
    new: int = _count("Rows that made a pair or an item.")
    known: int = _count("Rows that were there already, with the same content.")
    changed: int = _count("Rows whose item has other content than before.")
    rejected: int = _count("Rows that did not go in.")
    gold: int = _count("Gold labels that were added.")
    ratings: int = _count("Labels of single raters that were added.")
    predictions: int = _count("Predictions of models outside of here that were added.")
    images: int = _count("Pictures that were added.")
    replaced: int = _count("Bytes that could not be read and are U+FFFD now.")
    conflicts: int = _count("Labels that are not what stands.")

    def add(self, other: ImportCounts) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class Contradiction(NamedTuple):
    """A row that says something else of its item than a row before it in the same file, and stands."""

    row: int
    item: str


class Outcome(NamedTuple):
    """What storing a chunk came to."""

    counts: ImportCounts
    contradicted: Sequence[Contradiction]


def store(batch: Import, project: Project, records: Sequence[Record], *, judge_gold: bool) -> Outcome:
    """Write the records of one chunk: items and snapshots, then for pairs queries, pairs, gold, ratings, slots."""
    counts = ImportCounts(read=len(records))
    items = store_items(batch, project, records)
    chunk = StoredChunk(batch, project, records, items, judge_gold, {item.id for item in items if item.changed})
    if batch.kind == Import.Kind.ITEMS:
        _count_items(batch, items, counts)
    else:
        stored = _store_queries(batch, project, records)
        queries = [stored[_query_of(record)] for record in records]
        pairs = _store_pairs(batch, project, records, items, queries)
        _count_pairs(batch, pairs, items, counts)
        chunk = replace(chunk, queries=queries, pairs=pairs)
    for brought in chunk_stored(chunk):
        counts.gold += brought.gold
        counts.ratings += brought.ratings
        counts.predictions += brought.predictions
        counts.conflicts += len(brought.conflicts)
        conflicts.keep(batch, brought.conflicts)
    told = (Contradiction(row.row, row.item_id) for row, item in zip(records, items, strict=True) if item.contradicts)
    return Outcome(counts, list(told))


def _count_items(batch: Import, items: Sequence[StoredItem], counts: ImportCounts) -> None:
    counts.new = sum(item.new for item in items)
    counts.changed = sum(item.changed for item in items)
    counts.known = counts.read - counts.new - counts.changed


def _store_queries(batch: Import, project: Project, records: Sequence[Record]) -> dict[AskedQuery, StoredQuery]:
    """Benchmark once is benchmark for good."""
    wanted = list(dict.fromkeys(map(_query_of, records)))
    # Without ON CONFLICT a query that is there already would fail the chunk.
    run(
        """INSERT INTO catalogue_query (project_id, text, locale, is_benchmark)
           SELECT %s, text, locale, false FROM unnest(%s::text[], %s::text[]) AS n(text, locale)
           ON CONFLICT DO NOTHING""",
        project.pk,
        [key.text for key in wanted],
        [key.locale for key in wanted],
    )
    found = rows(
        "SELECT text, locale, id, is_benchmark FROM catalogue_query WHERE project_id = %s AND text = ANY(%s::text[])",
        project.pk,
        list({key.text for key in wanted}),
    )
    stored = {AskedQuery(text, locale): StoredQuery(row_id, mark) for text, locale, row_id, mark in found}
    marked = {key for record in records if record.benchmark and not stored[key := _query_of(record)].benchmark}
    if marked:
        ids = [stored[key].id for key in marked]
        Query.objects.filter(pk__in=ids).update(is_benchmark=True)
        # Without the event nobody could tell why a later export holds fewer rows.
        audit.record(batch.requested_by, "import.made_benchmark", project=project, on=batch, queries=len(ids))
        queries_became_benchmark(ids)
        stored.update({key: StoredQuery(stored[key].id, benchmark=True) for key in marked})
    return stored


def _query_of(record: Record) -> AskedQuery:
    return AskedQuery(record.query, record.locale)


def _store_pairs(
    batch: Import,
    project: Project,
    records: Sequence[Record],
    items: Sequence[StoredItem],
    queries: Sequence[StoredQuery],
) -> list[StoredPair]:
    keys = [(query.id, item.id) for query, item in zip(queries, items, strict=True)]
    young = {item.id for item in items if item.new}  # made by this chunk: no pair can have them yet
    known = _known_pairs(list(dict.fromkeys(key for key in keys if key[1] not in young)))
    firsts = dict(zip(reversed(keys), reversed(records), strict=True))
    fresh = [key for key in dict.fromkeys(keys) if key not in known]
    new = dict(zip(fresh, fresh_ids("catalogue_pair", len(fresh)), strict=True))
    project_id, batch_id = project.pk, batch.pk
    if new:
        now = clock()
        copy(
            "catalogue_pair",
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
    # Without the two columns side by side every query of the chunk would be looked up with every item.
    found = rows(
        """SELECT p.query_id, p.item_id, p.id, p.batch_id FROM unnest(%s::bigint[], %s::bigint[]) AS k(query, item)
           JOIN catalogue_pair p ON p.query_id = k.query AND p.item_id = k.item""",
        [query for query, _item in keys],
        [item for _query, item in keys],
    )
    return {(query, item): (row_id, batch_id) for query, item, row_id, batch_id in found}


def _count_pairs(batch: Import, pairs: Sequence[StoredPair], items: Sequence[StoredItem], counts: ImportCounts) -> None:
    """A known pair has changed when this import gave its item other content, through this row or another."""
    for pair, item in zip(pairs, items, strict=True):
        if pair.new:
            counts.new += 1
        elif item.changed or (item.snapshot_batch == batch.pk and pair.batch_id != batch.pk):
            counts.changed += 1
        else:
            counts.known += 1
