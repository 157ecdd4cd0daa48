"""Labels that come with a file: gold by import, and other people's ratings as judgments of named raters.

Gold by import stands above consensus and below adjudication. `Pair.gold_label` follows, as in `annotation.gold.settling`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from annotation.models import Citation
from catalogue.importing import reasons
from catalogue.importing.items import StoredItem
from catalogue.importing.mapping import Record
from catalogue.importing.novelty import Saying, Sayings
from catalogue.importing.raters import Rating
from catalogue.importing.reasons import because
from catalogue.importing.storing import StoredPair
from catalogue.models import Import, Rejection
from database.statements import fresh_ids, rows, run
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
    judges = _judges(project, {one.rater for _pair, record, _item in rated for one in record.ratings})
    stand = _known_ratings([pair.id for pair, _record, _item in rated if not pair.new], judges.values())
    news: list[_NewRating] = []
    for pair, record, item in rated:
        for rating in record.ratings:
            judge, said = judges[rating.rater], rating.said
            sayings = stand.setdefault((pair.id, judge), Sayings())
            if sayings.is_news(said):
                revision = sayings.current.revision + 1 if sayings.current else 1
                sayings.add(Saying(said, batch.pk, revision))
                news.append(_NewRating(pair.id, judge, revision, item.snapshot_id, record.row, rating))
    _insert_ratings(batch, news)
    return [one.pair for one in news]


class _NewRating(NamedTuple):
    pair: int
    judge: int
    revision: int
    snapshot: int
    row: int
    rating: Rating


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
    for pair_id, judge_id, revision, batch_id, *said in rows(
        """SELECT pair_id, judge_id, revision, batch_id, label, outcome, mismatch, note, mode, late, no_rule_fits
           FROM annotation_judgment
           WHERE pair_id = ANY(%s::bigint[]) AND judge_id = ANY(%s::bigint[]) AND round = 1
           ORDER BY pair_id, judge_id, revision""",
        list(set(pair_ids)),
        list(judges),
    ):
        stand.setdefault((pair_id, judge_id), Sayings()).add(Saying(Rating("", *said).said, batch_id, revision))
    return stand


def _insert_ratings(batch: Import, news: Sequence[_NewRating]) -> None:
    if not news:
        return
    ids = list(fresh_ids("annotation_judgment", len(news)))
    said = [
        (row_id, one.pair, one.judge, one.revision, one.snapshot, *one.rating[1:8])
        for row_id, one in zip(ids, news, strict=True)
    ]
    # Without unnest each rating would be a statement of its own.
    run(
        """INSERT INTO annotation_judgment (id, pair_id, judge_id, round, revision, snapshot_id, label, outcome, mismatch,
             note, mode, late, no_rule_fits, reason, body_sha256, batch_id)
           SELECT id, pair, judge, 1, revision, snapshot, label, outcome, mismatch, note, mode, late, no_rule, '', '', %s
           FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::text[], %s::text[],
             %s::text[], %s::text[], %s::bool[], %s::bool[])
             AS n(id, pair, judge, revision, snapshot, label, outcome, mismatch, note, mode, late, no_rule)""",
        batch.pk,
        *(list(column) for column in zip(*said, strict=True)),
    )
    if any(one.rating.rules for one in news):
        _cite(batch, dict(zip(ids, news, strict=True)))


def _cite(batch: Import, news: Mapping[int, _NewRating]) -> None:
    """The rules that ratings cite, as they read then; one that this installation does not have is listed with its row."""
    named = {rule for one in news.values() for rule in one.rating.rules}
    found = rows(
        """SELECT r.code || ' v' || v.number, v.id FROM rules_ruleversion v JOIN rules_rule r ON r.id = v.rule_id
           WHERE r.code || ' v' || v.number = ANY(%s::text[])""",
        list(named),
    )
    known: dict[str, int] = dict(found)
    cited = [
        Citation(judgment_id=row_id, version_id=known[rule])
        for row_id, one in news.items()
        for rule in dict.fromkeys(one.rating.rules)
        if rule in known
    ]
    Citation.objects.bulk_create(cited)
    unknown = [
        _without_rule(batch, one, rule)
        for one in news.values()
        for rule in dict.fromkeys(one.rating.rules)
        if rule not in known
    ]
    Rejection.objects.bulk_create(unknown)


def _without_rule(batch: Import, one: _NewRating, rule: str) -> Rejection:
    why = because("%(rater)s cites %(rule)s, which this installation does not have; the rating went in without it")
    reason = why % {"rater": one.rating.rater, "rule": rule}
    return Rejection(batch=batch, row=one.row, field="ratings", reason=reason[:300], told=reasons.to_json(reason))
