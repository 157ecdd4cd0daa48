"""Labels that come with a file: gold by import, and other people's ratings as judgments of named raters.

Gold by import stands above consensus and below adjudication. `Pair.gold_label` follows, as in `annotation.gold.settling`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalogue.importing.items import StoredItem
from catalogue.importing.mapping import Record
from catalogue.importing.novelty import Saying, Sayings
from catalogue.importing.storing import StoredPair
from catalogue.models import Import
from database.statements import rows, run
from projects.models import Project


def store_gold(
    batch: Import, pairs: Sequence[StoredPair], records: Sequence[Record], items: Sequence[StoredItem]
) -> dict[int, str]:
    """Gold by import, above consensus and below adjudication; returns the labels that are new, by pair."""
    labelled = [row for row in zip(pairs, records, items, strict=True) if row[1].label]
    stand, adjudicated = _known_gold([pair.id for pair, _record, _item in labelled if not pair.new])
    news: list[tuple[int, int, str, str, int]] = []
    for pair, record, item in labelled:
        said = f"{record.label} {record.mismatch}"
        sayings = stand.setdefault(pair.id, Sayings())
        if pair.id not in adjudicated and sayings.is_news(said):
            revision = sayings.current.revision + 1 if sayings.current else 1
            sayings.add(Saying(said, batch.pk, revision))
            news.append((pair.id, revision, record.label, record.mismatch, item.snapshot_id))
    _insert_gold(batch, news)
    return {pair_id: label for pair_id, _revision, label, _mismatch, _snapshot in news}


def _known_gold(pair_ids: Sequence[int]) -> tuple[dict[int, Sayings], set[int]]:
    stand: dict[int, Sayings] = {}
    adjudicated: set[int] = set()
    if not pair_ids:
        return stand, adjudicated
    # Without these a file that is imported again would add each of its labels as another revision.
    for pair_id, revision, label, mismatch, ground, batch_id in rows(
        """SELECT pair_id, revision, label, mismatch, ground, batch_id FROM annotation_gold
           WHERE pair_id = ANY(%s::bigint[]) ORDER BY pair_id, revision""",
        list(set(pair_ids)),
    ):
        said = f"{label} {mismatch}" if ground == "import" else ""
        stand.setdefault(pair_id, Sayings()).add(Saying(said, batch_id, revision))
        if ground == "adjudication":
            adjudicated.add(pair_id)
    return stand, adjudicated


def _insert_gold(batch: Import, news: Sequence[tuple[int, int, str, str, int]]) -> None:
    if not news:
        return
    # Without unnest each label would be a statement of its own.
    run(
        """INSERT INTO annotation_gold (pair_id, revision, label, mismatch, ground, snapshot_id, judgments, batch_id)
           SELECT pair, revision, label, mismatch, 'import', snapshot, '[]', %s
           FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::bigint[])
             AS n(pair, revision, label, mismatch, snapshot)""",
        batch.pk,
        *(list(column) for column in zip(*news, strict=True)),
    )
    # Without this the pairs would go on showing the label that they had before.
    latest = {pair_id: label for pair_id, _revision, label, _mismatch, _snapshot in news}
    run(
        """UPDATE catalogue_pair p SET gold_label = n.label
           FROM unnest(%s::bigint[], %s::text[]) AS n(pair, label) WHERE p.id = n.pair""",
        list(latest),
        list(latest.values()),
    )


def store_ratings(
    batch: Import, project: Project, pairs: Sequence[StoredPair], records: Sequence[Record], items: Sequence[StoredItem]
) -> list[int]:
    """A judgment per rater, without mode or slot; returns the pair of each that is new."""
    rated = [row for row in zip(pairs, records, items, strict=True) if row[1].ratings]
    if not rated:
        return []
    judges = _judges(project, {rater for _pair, record, _item in rated for rater, _label in record.ratings})
    stand = _known_ratings([pair.id for pair, _record, _item in rated if not pair.new], judges.values())
    news: list[tuple[int, int, int, str, int]] = []
    for pair, record, item in rated:
        for rater, label in record.ratings:
            sayings = stand.setdefault((pair.id, judges[rater]), Sayings())
            if sayings.is_news(label):
                revision = sayings.current.revision + 1 if sayings.current else 1
                sayings.add(Saying(label, batch.pk, revision))
                news.append((pair.id, judges[rater], revision, label, item.snapshot_id))
    _insert_ratings(batch, news)
    return [pair_id for pair_id, *_rest in news]


def _judges(project: Project, raters: set[str]) -> dict[str, int]:
    # Without ON CONFLICT a rater whom an earlier chunk has brought would fail this one.
    names = sorted(raters)
    run(
        "INSERT INTO annotation_judge (project_id, rater) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        project.pk,
        names,
    )
    found = rows(
        "SELECT rater, id FROM annotation_judge WHERE project_id = %s AND rater <> '' AND rater = ANY(%s::text[])",
        project.pk,
        names,
    )
    return dict(found)


def _known_ratings(pair_ids: Sequence[int], judges: Iterable[int]) -> dict[tuple[int, int], Sayings]:
    stand: dict[tuple[int, int], Sayings] = {}
    if not pair_ids:
        return stand
    # Without these a file that is imported again would add each of its ratings as another revision.
    for pair_id, judge_id, revision, label, batch_id in rows(
        """SELECT pair_id, judge_id, revision, label, batch_id FROM annotation_judgment
           WHERE pair_id = ANY(%s::bigint[]) AND judge_id = ANY(%s::bigint[]) AND round = 1
           ORDER BY pair_id, judge_id, revision""",
        list(set(pair_ids)),
        list(judges),
    ):
        stand.setdefault((pair_id, judge_id), Sayings()).add(Saying(label, batch_id, revision))
    return stand


def _insert_ratings(batch: Import, news: Sequence[tuple[int, int, int, str, int]]) -> None:
    if not news:
        return
    # Without unnest each rating would be a statement of its own.
    run(
        """INSERT INTO annotation_judgment (pair_id, judge_id, round, revision, snapshot_id, outcome, label, mismatch,
             reason, note, mode, late, body_sha256, batch_id)
           SELECT pair, judge, 1, revision, snapshot, 'label', label, '', '', '', '', false, '', %s
           FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::bigint[])
             AS n(pair, judge, revision, label, snapshot)""",
        batch.pk,
        *(list(column) for column in zip(*news, strict=True)),
    )
