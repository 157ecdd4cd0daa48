"""Items and their immutable snapshots, a chunk at a time: other content makes a snapshot, seen content makes none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from annotation import fetching
from annotation.mapping import Record
from annotation.models import Import
from annotation.sayings import Saying, Sayings, rows, run
from projects.models import Project


class _Key(NamedTuple):
    item_id: int
    sha256: str


class StoredItem(NamedTuple):
    """The item of one record, and what the record did to it."""

    id: int
    snapshot_id: int
    snapshot_batch: int | None
    new: bool
    changed: bool


def store_items(batch: Import, project: Project, records: Sequence[Record]) -> list[StoredItem]:
    ids = _item_ids(project, records)
    current = _current_snapshots(ids.values())
    digests = [_Key(ids[record.item_id], record.content.digest()) for record in records]
    _read_older(current, [key for key in digests if current[key.item_id].is_news(key.sha256)])
    before = {item_id: sayings.current for item_id, sayings in current.items()}
    news: dict[_Key, Record] = {}
    acts: list[tuple[_Key, bool, bool]] = []
    for key, record in zip(digests, records, strict=True):
        sayings = current[key.item_id]
        is_news, is_new = sayings.is_news(key.sha256), sayings.current is None
        if is_news:
            _say(sayings, key, record, batch, news)
        acts.append((key, is_new, is_news and not is_new))
    stored = _insert_snapshots(batch, news)
    _point_to_current(current, before, stored)
    return [_item(key, current[key.item_id], stored, new=new, changed=changed) for key, new, changed in acts]


def _say(sayings: Sayings, key: _Key, record: Record, batch: Import, news: dict[_Key, Record]) -> None:
    """The record's content stands from now on: an older snapshot that says the same, or a new one."""
    older = next((row for row in sayings.rows if row.said == key.sha256), None)
    if older is None:
        news[key] = record
    sayings.add(older or Saying(key.sha256, batch.pk))


def _item(key: _Key, sayings: Sayings, stored: dict[_Key, int], *, new: bool, changed: bool) -> StoredItem:
    now = sayings.current
    assert now is not None, "every record gives its item a snapshot"
    seen = next((row for row in sayings.rows if row.said == key.sha256), now)
    snapshot = stored.get(_Key(key.item_id, seen.said)) or seen.row_id
    return StoredItem(key.item_id, snapshot, now.batch_id, new, changed)


def _item_ids(project: Project, records: Sequence[Record]) -> dict[str, int]:
    wanted = list({record.item_id for record in records})
    run(
        "INSERT INTO annotation_item (project_id, external_id) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        project.pk,
        wanted,
    )
    found = rows(
        "SELECT external_id, id FROM annotation_item WHERE project_id = %s AND external_id = ANY(%s::text[])",
        project.pk,
        wanted,
    )
    return dict(found)


def _current_snapshots(item_ids: Iterable[int]) -> dict[int, Sayings]:
    current: dict[int, Sayings] = {item_id: Sayings() for item_id in item_ids}
    found = rows(
        """SELECT i.id, s.id, s.sha256, s.batch_id FROM annotation_item i
           JOIN annotation_snapshot s ON s.id = i.current_snapshot_id WHERE i.id = ANY(%s::bigint[])""",
        list(current),
    )
    for item_id, row_id, sha256, batch_id in found:
        current[item_id].add(Saying(sha256, batch_id, row_id=row_id))
    return current


def _read_older(current: dict[int, Sayings], keys: Sequence[_Key]) -> None:
    """Items that may change: what their older snapshots said. Most chunks have none."""
    items = {key.item_id for key in keys if current[key.item_id].current is not None}
    if not items:
        return
    for item_id, row_id, sha256, batch_id in rows(
        "SELECT item_id, id, sha256, batch_id FROM annotation_snapshot WHERE item_id = ANY(%s::bigint[]) ORDER BY id",
        list(items),
    ):
        current[item_id].rows.append(Saying(sha256, batch_id, row_id=row_id))


def _insert_snapshots(batch: Import, news: dict[_Key, Record]) -> dict[_Key, int]:
    """One JSON document carries the chunk: quoting an array of JSON texts would cost more than all the rest."""
    if not news:
        return {}
    fetching.want(batch, {address for record in news.values() for address in record.content.image_addresses})
    found = rows(
        """INSERT INTO annotation_snapshot (item_id, sha256, title, category, cpv, skus, images, shop, description,
             selling_points, price, image_addresses, sanitised, raw_sha256, batch_id)
           SELECT item_id, sha256, title, category, cpv, skus, images, shop, description, selling_points, price,
             image_addresses, sanitised, raw_sha256, %s
           FROM json_to_recordset(%s::json) AS n(item_id bigint, sha256 text, title text, category text, cpv jsonb,
             skus jsonb, images jsonb, shop text, description text, selling_points jsonb, price text, image_addresses jsonb,
             sanitised int, raw_sha256 text)
           RETURNING item_id, sha256, id""",
        batch.pk,
        orjson.dumps([_snapshot_json(key, record) for key, record in news.items()], default=tuple).decode(),
    )
    return {_Key(item_id, sha256): row_id for item_id, sha256, row_id in found}


def _snapshot_json(key: _Key, record: Record) -> dict[str, Any]:
    content = record.content
    return {
        **content._asdict(),
        "item_id": key.item_id,
        "sha256": key.sha256,
        "skus": content.skus_json(),
        "sanitised": record.sanitised,
        "raw_sha256": record.raw_sha256,
    }


def _point_to_current(current: dict[int, Sayings], before: dict[int, Saying | None], stored: dict[_Key, int]) -> None:
    moved = [
        (item_id, stored.get(_Key(item_id, sayings.current.said)) or sayings.current.row_id)
        for item_id, sayings in current.items()
        if sayings.current is not None and sayings.current != before[item_id]
    ]
    if moved:
        run(
            """UPDATE annotation_item i SET current_snapshot_id = m.snapshot
               FROM unnest(%s::bigint[], %s::bigint[]) AS m(item, snapshot) WHERE i.id = m.item""",
            [item for item, _snapshot in moved],
            [snapshot for _item, snapshot in moved],
        )
