"""The company of a pair: the first items of its query, in which a learnt model sees it."""

from __future__ import annotations

from collections.abc import Collection

from annotation.models import Snapshot
from annotation.sayings import rows
from relevance.company import MOST
from relevance.facts import ItemFacts


def of_queries(query_ids: Collection[int]) -> dict[int, list[ItemFacts]]:
    """At most MOST items of each query, the first by their ids, as their current snapshots say."""
    found = rows(
        """SELECT query_id, snapshot_id, external_id FROM (
             SELECT p.query_id, i.current_snapshot_id AS snapshot_id, i.external_id,
               row_number() OVER (PARTITION BY p.query_id ORDER BY i.external_id COLLATE "C") AS place
             FROM annotation_pair p JOIN annotation_item i ON i.id = p.item_id
             WHERE p.query_id = ANY(%s::bigint[]) AND i.current_snapshot_id IS NOT NULL) ranked
           WHERE place <= %s ORDER BY query_id, place""",
        list(query_ids),
        MOST,
    )
    snapshots = Snapshot.objects.in_bulk({snapshot_id for _, snapshot_id, _ in found})
    company: dict[int, list[ItemFacts]] = {query_id: [] for query_id in query_ids}
    for query_id, snapshot_id, external_id in found:
        company[query_id].append(snapshots[snapshot_id].facts(external_id))
    return company
