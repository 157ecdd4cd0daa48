"""Items and their immutable snapshots, a chunk at a time: other content makes a snapshot, seen content makes none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson

from catalogue.importing.meaning.mapping import Record
from catalogue.importing.novelty import Saying, Sayings
from catalogue.models import Import
from catalogue.pictures import fetching
from database.statements import array_of, clock, copy, fresh_ids, rows, run
from projects.models import Project


class _ItemKey(NamedTuple):
    """What an item is within its project."""

    external_id: str
    locale: str


class _SnapshotKey(NamedTuple):
    item_id: int
    sha256: str


class _Act(NamedTuple):
    """What a record does to its item. `contradicts`: it says something else than a record before it of the same import."""

    new: bool
    changed: bool
    contradicts: bool


class StoredItem(NamedTuple):
    """The item of one record, and what the record did to it."""

    id: int
    snapshot_id: int
    snapshot_batch: int | None
    new: bool
    changed: bool
    contradicts: bool


def store_items(batch: Import, project: Project, records: Sequence[Record]) -> list[StoredItem]:
    ids, current = _known_items(project, records)
    fresh = _fresh_items(records, ids)
    for item_id in fresh.values():
        current[item_id] = Sayings()
    ids.update(fresh)
    digests = [_SnapshotKey(ids[_item_of(record)], record.standing or record.content.digest()) for record in records]
    _read_older(current, [key for key in digests if current[key.item_id].is_news(key.sha256)])
    before = {item_id: sayings.current for item_id, sayings in current.items()}
    news: dict[_SnapshotKey, Record] = {}
    acts: list[tuple[_SnapshotKey, _Act]] = []
    for key, record in zip(digests, records, strict=True):
        sayings = current[key.item_id]
        is_news, now = sayings.is_news(key.sha256), sayings.current
        if is_news:
            _say(sayings, key, record, batch, news)
        acts.append((key, _act(now, batch, is_news=is_news)))
    stored = dict(zip(news, fresh_ids("catalogue_snapshot", len(news)), strict=True))
    _insert_items(project, {key: (item_id, _stands(item_id, current, stored)) for key, item_id in fresh.items()})
    _insert_snapshots(batch, news, stored)
    known = before.keys() - set(fresh.values())
    moved = {item_id for item_id in known if current[item_id].current != before[item_id]}
    labelled = {key.item_id for key, record in zip(digests, records, strict=True) if record.label or record.ratings}
    _hold_pairs(moved | (labelled & known))
    _point_to_current({item_id: _stands(item_id, current, stored) for item_id in moved})
    return [_item(key, current[key.item_id], stored, act) for key, act in acts]


def _say(sayings: Sayings, key: _SnapshotKey, record: Record, batch: Import, news: dict[_SnapshotKey, Record]) -> None:
    """The record's content stands from now on: an older snapshot that says the same, or a new one."""
    older = next((row for row in sayings.rows if row.said == key.sha256), None)
    if older is None:
        news[key] = record
    sayings.add(older or Saying(key.sha256, batch.pk))


def _act(now: Saying | None, batch: Import, *, is_news: bool) -> _Act:
    if now is None:
        return _Act(new=True, changed=False, contradicts=False)
    return _Act(new=False, changed=is_news, contradicts=is_news and now.batch_id == batch.pk)


def _item(key: _SnapshotKey, sayings: Sayings, stored: dict[_SnapshotKey, int], act: _Act) -> StoredItem:
    now = sayings.current
    assert now is not None, "every record gives its item a snapshot"
    seen = next((row for row in sayings.rows if row.said == key.sha256), now)
    snapshot = stored.get(_SnapshotKey(key.item_id, seen.said)) or seen.row_id
    return StoredItem(key.item_id, snapshot, now.batch_id, *act)


def _stands(item_id: int, current: dict[int, Sayings], stored: dict[_SnapshotKey, int]) -> int:
    """The snapshot that an item's records leave standing."""
    now = current[item_id].current
    assert now is not None, "every record gives its item a snapshot"
    return stored.get(_SnapshotKey(item_id, now.said)) or now.row_id


def _item_of(record: Record) -> _ItemKey:
    return _ItemKey(record.item_id, record.locale)


def _known_items(project: Project, records: Sequence[Record]) -> tuple[dict[_ItemKey, int], dict[int, Sayings]]:
    """Ids of the items that exist, in any locale, and what stands of each."""
    ids: dict[_ItemKey, int] = {}
    current: dict[int, Sayings] = {}
    # Without one statement for the chunk each of its rows would ask for its item.
    found = rows(
        """SELECT i.external_id, i.locale, i.id, s.id, s.sha256, s.batch_id
           FROM catalogue_item i LEFT JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
           WHERE i.project_id = %s AND i.external_id = ANY(%s::text[])""",
        project.pk,
        list({record.item_id for record in records}),
    )
    for external_id, locale, item_id, row_id, sha256, batch_id in found:
        ids[_ItemKey(external_id, locale)] = item_id
        current[item_id] = Sayings()
        if row_id is not None:
            current[item_id].add(Saying(sha256, batch_id, row_id=row_id))
    return ids, current


def _fresh_items(records: Sequence[Record], known: dict[_ItemKey, int]) -> dict[_ItemKey, int]:
    """Ids for the items that do not exist yet, in the order of the file."""
    keys = [key for key in dict.fromkeys(map(_item_of, records)) if key not in known]
    return dict(zip(keys, fresh_ids("catalogue_item", len(keys)), strict=True))


def _insert_items(project: Project, fresh: dict[_ItemKey, tuple[int, int]]) -> None:
    """With their current snapshot, which is written next: foreign keys are looked at when the chunk commits."""
    if fresh:
        project_id, now = project.pk, clock()
        copy(
            "catalogue_item",
            "id, project_id, external_id, locale, current_snapshot_id, created_at",
            ((item_id, project_id, *key, snapshot, now) for key, (item_id, snapshot) in fresh.items()),
        )


def _read_older(current: dict[int, Sayings], keys: Sequence[_SnapshotKey]) -> None:
    """Items that may change: what their older snapshots said. Most chunks have none."""
    items = {key.item_id for key in keys if current[key.item_id].current is not None}
    if not items:
        return
    # Without these, content that an item had before would become a second snapshot that says the same.
    for item_id, row_id, sha256, batch_id in rows(
        "SELECT item_id, id, sha256, batch_id FROM catalogue_snapshot WHERE item_id = ANY(%s::bigint[]) ORDER BY id",
        list(items),
    ):
        current[item_id].rows.append(Saying(sha256, batch_id, row_id=row_id))


def _insert_snapshots(batch: Import, news: dict[_SnapshotKey, Record], ids: dict[_SnapshotKey, int]) -> None:
    if news:
        fetching.want(batch, {address for record in news.values() for address in record.content.image_addresses})
        batch_id, now = batch.pk, clock()
        copy(
            "catalogue_snapshot",
            "id, item_id, sha256, batch_id, created_at, sanitised, raw_sha256, title, category, cpv, skus, images, shop, "
            "description, selling_points, price, image_addresses",
            ((ids[key], *key, batch_id, now, *_snapshot_cells(record)) for key, record in news.items()),
        )


def _snapshot_cells(record: Record) -> tuple[int | str, ...]:
    content = record.content
    return (
        record.sanitised,
        record.raw_sha256,
        content.title,
        content.category,
        _json(content.cpv),
        _json(content.skus_json()),
        _json(content.images),
        content.shop,
        content.description,
        _json(content.selling_points),
        content.price,
        _json(content.image_addresses),
    )


def _json(value: Sequence[Any]) -> str:
    return orjson.dumps(value).decode() if value else "[]"


def _hold_pairs(items: Collection[int]) -> None:
    """The pairs of items that this chunk changes, or that it brings labels for, in the order of their ids."""
    if items:
        # Without this a chunk locks them in the order of its file: it and whoever settles the same pairs, in the order of
        # their ids, could wait for each other, and one of the two would fail.
        rows(
            "SELECT id FROM catalogue_pair WHERE item_id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            array_of(items),
        )


def _point_to_current(moved: dict[int, int]) -> None:
    """Items that existed and say something else now."""
    if moved:
        # Without this, cards and prompts would go on telling what the items said before.
        run(
            """UPDATE catalogue_item i SET current_snapshot_id = m.snapshot
               FROM unnest(%s::bigint[], %s::bigint[]) AS m(item, snapshot) WHERE i.id = m.item""",
            list(moved),
            list(moved.values()),
        )
