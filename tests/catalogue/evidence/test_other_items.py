"""The other items of a query that a learnt model sees a pair among."""

from __future__ import annotations

import pytest

from catalogue.evidence import other_items
from catalogue.models import Item
from projects.models import Project
from tests.world.rows import make_item, make_pair


def test_the_company_of_a_query_is_its_first_items_by_the_bytes_of_their_ids(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_items, "MOST", 3)
    ids = ("b", "a", "B", "é", "10")  # by bytes: 10, B, a, b, é
    pairs = [make_pair(project=project, query="mug", item=make_item(project=project, external_id=id_)) for id_ in ids]
    other = make_pair(project=project, query="cup", item=pairs[0].item)
    Item.objects.filter(external_id="10").update(current_snapshot=None)
    found = other_items.of_queries({pairs[0].query_id, other.query_id, 999})
    assert {query: [item.external_id for item in items] for query, items in found.items()} == {
        pairs[0].query_id: ["B", "a", "b"],
        other.query_id: ["b"],
        999: [],
    }
