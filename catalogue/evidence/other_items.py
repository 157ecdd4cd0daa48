"""The first items of a query, at most MOST of them, beside which a learnt model looks at each of its pairs."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Window
from django.db.models.functions import Collate, RowNumber

from catalogue.models import Pair, Snapshot
from relevance.facts import ItemFacts
from relevance.relative_features import MOST


def of_queries(query_ids: Collection[int]) -> dict[int, list[ItemFacts]]:
    """At most MOST items of each query, the first by their ids, as their current snapshots say."""
    place = Window(RowNumber(), partition_by="query", order_by=Collate("item__external_id", "C"))
    pairs = Pair.objects.filter(query__in=query_ids, item__current_snapshot__isnull=False)
    found = (
        pairs.annotate(place=place)
        .filter(place__lte=MOST)
        .order_by("query", "place")
        .values_list("query", "item__current_snapshot", "item__external_id")
    )
    snapshots = Snapshot.objects.in_bulk({snapshot_id for _, snapshot_id, _ in found})
    Snapshot.read_together(snapshots.values())
    company: dict[int, list[ItemFacts]] = {query_id: [] for query_id in query_ids}
    for query_id, snapshot_id, external_id in found:
        company[query_id].append(snapshots[snapshot_id].facts(external_id))
    return company
