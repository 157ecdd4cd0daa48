"""Labels that come with a file: gold by import, and other people's ratings as judgments of named raters.

Gold by import stands above consensus and below adjudication; of two imports, of two rows of a file and of two labels of one
rater the earlier stays, and the later is a conflict (catalogue.importing.labels.conflicts). `Pair.gold_label` follows, as in
`annotation.gold.settling`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from annotation.models import Citation
from catalogue.importing import reasons
from catalogue.importing.items import StoredItem
from catalogue.importing.labels.conflicts import Conflict
from catalogue.importing.meaning.mapping import Record
from catalogue.importing.meaning.raters import Rating
from catalogue.importing.reasons import because
from catalogue.importing.storing import StoredPair
from catalogue.models import Import, Rejection
from database.statements import fresh_ids, rows, run
from projects.models import Project


class NewLabels(NamedTuple):
    """What is said for the first time: of gold the label by pair, of ratings the pair of each. And what contradicts."""

    gold: dict[int, str]
    rated: list[int]
    conflicts: list[Conflict]


@dataclass(frozen=True)
class _Stands:
    """What stands of a pair's gold or of a rater's word; `consensus`: the last one that there was beside it."""

    label: str
    mismatch: str
    ground: str
    batch_id: int | None
    consensus: tuple[str, str] = ("", "")


@dataclass
class _Known:
    """The gold or the ratings of one pair so far."""

    revision: int = 0
    stands: _Stands | None = None


def store_gold(
    batch: Import, pairs: Sequence[StoredPair], records: Sequence[Record], items: Sequence[StoredItem]
) -> NewLabels:
    """Gold by import, above consensus and below adjudication; of two imports the earlier stays."""
    labelled = [row for row in zip(pairs, records, items, strict=True) if row[1].label]
    known = _known_gold([pair.id for pair, _record, _item in labelled if not pair.new])
    news: list[tuple[int, int, str, str, int]] = []
    conflicts: list[Conflict] = []
    for pair, record, item in labelled:
        now = known.setdefault(pair.id, _Known())
        conflicts += _conflicts(now.stands, pair.id, record)
        if _is_news(now.stands, record):
            now.revision += 1
            now.stands = _Stands(record.label, record.mismatch, "import", batch.pk, _consensus(now.stands))
            news.append((pair.id, now.revision, record.label, record.mismatch, item.snapshot_id))
    _insert_gold(batch, news)
    return NewLabels({pair_id: label for pair_id, _revision, label, *_rest in news}, [], conflicts)


def _is_news(now: _Stands | None, record: Record) -> bool:
    """The first word, or a stronger one than a consensus, or the dimension that an earlier row did not name."""
    if now is None or now.ground == "consensus":
        return True
    completes = now.label == record.label and record.mismatch and not now.mismatch
    return now.ground == "import" and bool(completes)


def _conflicts(now: _Stands | None, pair: int, record: Record) -> Iterator[Conflict]:
    """With what stands, and with a consensus that there was before an import said the same."""
    if now is None:
        return
    said = (record.label, record.mismatch)
    if _differ(said, (now.label, now.mismatch)):
        yield Conflict(record.row, pair, "", *said, now.label, now.mismatch, now.ground, now.batch_id)
    elif now.ground == "import" and now.consensus[0] and _differ(said, now.consensus):
        yield Conflict(record.row, pair, "", *said, *now.consensus, "consensus", None)


def _differ(said: tuple[str, str], met: tuple[str, str]) -> bool:
    """A dimension that one of them leaves unsaid is no contradiction."""
    return said[0] != met[0] or bool(said[1] and met[1] and said[1] != met[1])


def _consensus(now: _Stands | None) -> tuple[str, str]:
    if now is None:
        return ("", "")
    return (now.label, now.mismatch) if now.ground == "consensus" else now.consensus


def _known_gold(pair_ids: Sequence[int]) -> dict[int, _Known]:
    known: dict[int, _Known] = {}
    if not pair_ids:
        return known
    # Without these a file that is imported again would add each of its labels as another revision.
    for pair_id, revision, label, mismatch, ground, batch_id in rows(
        """SELECT pair_id, revision, label, mismatch, ground, batch_id FROM annotation_gold
           WHERE pair_id = ANY(%s::bigint[]) ORDER BY pair_id, revision""",
        list(set(pair_ids)),
    ):
        now = known.setdefault(pair_id, _Known())
        now.revision = revision
        if label:
            now.stands = _Stands(label, mismatch, ground, batch_id, _consensus(now.stands))
        elif now.stands is not None and now.stands.ground == "consensus":  # withdrawn
            now.stands = None
    return known


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
) -> NewLabels:
    """A judgment per rater, without mode or slot. What a rater said of a pair first stays."""
    rated = [row for row in zip(pairs, records, items, strict=True) if row[1].ratings]
    if not rated:
        return NewLabels({}, [], [])
    judges = _judges(project, {one.rater for _pair, record, _item in rated for one in record.ratings})
    known = _known_ratings([pair.id for pair, _record, _item in rated if not pair.new], judges.values())
    news: list[_NewRating] = []
    conflicts: list[Conflict] = []
    for pair, record, item in rated:
        for rating in record.ratings:
            judge, said = judges[rating.rater], _word(rating)
            met = known.get((pair.id, judge))
            if met is None:
                known[pair.id, judge] = _Rated(said, batch.pk)
                news.append(_NewRating(pair.id, judge, 1, item.snapshot_id, record.row, rating))
            elif _differ(said, met.said):
                conflicts.append(Conflict(record.row, pair.id, rating.rater, *said, *met.said, "rating", met.batch_id))
    _insert_ratings(batch, news)
    return NewLabels({}, [one.pair for one in news], conflicts)


class _Rated(NamedTuple):
    """What a rater said of a pair first: label and dimension, or that there is no label; and the import that brought it."""

    said: tuple[str, str]
    batch_id: int | None


def _word(rating: Rating) -> tuple[str, str]:
    return rating.label or rating.outcome, rating.mismatch


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


def _known_ratings(pair_ids: Sequence[int], judges: Iterable[int]) -> dict[tuple[int, int], _Rated]:
    """By pair and rater the label that stands and the import that brought it."""
    if not pair_ids:
        return {}
    # Without these a file that is imported again would add each of its ratings as another revision.
    found = rows(
        """SELECT pair_id, judge_id, coalesce(nullif(label, ''), outcome), mismatch, batch_id FROM annotation_judgment
           WHERE pair_id = ANY(%s::bigint[]) AND judge_id = ANY(%s::bigint[]) AND round = 1
           ORDER BY pair_id, judge_id, revision""",
        list(set(pair_ids)),
        list(judges),
    )
    return {
        (pair_id, judge_id): _Rated((said, mismatch), batch_id) for pair_id, judge_id, said, mismatch, batch_id in found
    }


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
