"""Writes a chunk of records in a handful of statements, whatever its size. Idempotent on the natural keys.

SQL by hand: a million rows at several thousand a second leave no room for an object per row. The caller holds the
project's row locked, so two imports into one project take turns chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from annotation import settling
from annotation.crediting import StoredPair, store_gold, store_ratings
from annotation.mapping import Record
from annotation.models import Import, Query, Slot
from annotation.sayings import rows, run
from annotation.snapshotting import StoredItem, store_items
from projects.models import Mode, Project

POSITION_BITS = 20  # of a slot's position: the pair's place within its query


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
    if batch.kind == Import.Kind.ITEMS:
        _count_items(batch, items, counts)
        return counts
    queries = _store_queries(project, records)
    pairs = _store_pairs(batch, project, records, items, queries)
    _count_pairs(batch, pairs, items, counts)
    new_gold = store_gold(batch, pairs, records, items)
    new_ratings = store_ratings(batch, project, pairs, records, items)
    counts.gold, counts.ratings = len(new_gold), len(new_ratings)
    labelled = {pair.id for pair, record in zip(pairs, records, strict=True) if record.label}
    wanted = [pair.id for pair in pairs if pair.new and (judge_gold or pair.id not in labelled)]
    _store_slots(project, wanted)
    settling.settle_imported(sorted({id_ for id_ in new_ratings if id_ not in labelled} | _old(new_gold, pairs)))
    return counts


def _count_items(batch: Import, items: Sequence[StoredItem], counts: Counts) -> None:
    counts.new = sum(item.new for item in items)
    counts.changed = sum(item.changed for item in items)
    counts.known = counts.read - counts.new - counts.changed


def _store_queries(project: Project, records: Sequence[Record]) -> dict[str, int]:
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
        "SELECT text, id FROM annotation_query WHERE project_id = %s AND text = ANY(%s::text[])",
        project.pk,
        list(wanted),
    )
    ids: dict[str, int] = dict(found)
    benchmark = {ids[record.query] for record in records if record.benchmark}
    if benchmark and Query.objects.filter(pk__in=benchmark, is_benchmark=False).update(is_benchmark=True):
        Slot.objects.filter(pair__query_id__in=benchmark, state=Slot.State.OPEN).update(mode=Mode.BLIND)
    return ids


def _store_pairs(
    batch: Import, project: Project, records: Sequence[Record], items: Sequence[StoredItem], queries: dict[str, int]
) -> list[StoredPair]:
    keys = [(queries[record.query], item.id) for record, item in zip(records, items, strict=True)]
    firsts = dict(zip(reversed(keys), reversed(records), strict=True))
    in_order = list(dict.fromkeys(keys))
    made = rows(
        """INSERT INTO annotation_pair (project_id, query_id, item_id, external_id, batch_id, gold_label)
           SELECT %s, query, item, external_id, %s, '' FROM unnest(%s::bigint[], %s::bigint[], %s::text[])
             WITH ORDINALITY AS n(query, item, external_id, place) ORDER BY place
           ON CONFLICT DO NOTHING RETURNING query_id, item_id, id""",
        project.pk,
        batch.pk,
        [query for query, _item in in_order],
        [item for _query, item in in_order],
        [firsts[key].pair_id for key in in_order],
    )
    new = {(query, item): row_id for query, item, row_id in made}
    known = _known_pairs([key for key in in_order if key not in new])
    pairs = []
    for key in keys:
        is_new = new.pop(key, None)
        if is_new is not None:
            known[key] = (is_new, batch.pk)
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


def _store_slots(project: Project, pair_ids: Sequence[int]) -> None:
    """As many as the project wants per pair, those of one query together; a benchmark query is judged blind."""
    if not pair_ids:
        return
    run(
        """INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position)
           SELECT %s, p.id, 1, number, 'open', CASE WHEN q.is_benchmark THEN %s ELSE '' END,
             (p.query_id << %s) + p.id %% (1 << %s)
           FROM annotation_pair p JOIN annotation_query q ON q.id = p.query_id, generate_series(1, %s) AS number
           WHERE p.id = ANY(%s::bigint[])
           ORDER BY p.id, number""",
        project.pk,
        Mode.BLIND.value,
        POSITION_BITS,
        POSITION_BITS,
        project.overlap,
        list(pair_ids),
    )


def _old(new_gold: dict[int, str], pairs: Sequence[StoredPair]) -> set[int]:
    """Pairs that people may have disagreed on before this gold came."""
    return {pair.id for pair in pairs if not pair.new and pair.id in new_gold}
