"""Two exports side by side tell nobody which judge of the one is which judge of the other: by no column, and by no order.

What people said themselves (labels, notes, days) is the same in both, and here alike for all four judges: it is what the file is
for. Everything else must match a judge no more often than drawing lots does, which is one of four.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from annotation.curation import exporting
from annotation.curation.formats.labels import label_row
from annotation.curation.numbering import Numbering, numbered
from annotation.curation.pair_records import PairRecord
from annotation.models import Export, Judge
from projects.models import Project
from tests.annotation.curation.test_exporting import lines, sealed
from tests.world.rows import make_import, make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db
JUDGES, TRIALS = 4, 300
Rows = list[dict[str, Any]]


@pytest.fixture
def judged(project: Project) -> Project:
    """Five pairs, each judged by the same four in an order of its own, with one label; two of them predicted and golden."""
    batch, draw = make_import(project=project), random.Random(7)
    for number in range(5):
        pair = make_pair(project=project, query=f"cup {number}", batch=batch)
        if number < 2:
            make_prediction(pair=pair, label="L3")
            pair.golds.create(label="L3", ground="import", batch=batch, snapshot_id=pair.item.snapshot_now)
        for rater in draw.sample(["r1", "r2", "r3", "r4"], JUDGES):
            make_judgment(pair=pair, by=rater, label="L3")
    return project


def matched(first: Rows, second: Rows, key: Callable[[dict[str, Any], int], Any]) -> dict[str, str]:
    """Of each judge the judge of the other file whom most of what `key` says of a judgment points to, where that is one."""
    votes: dict[str, list[str]] = {}
    for one, other in zip(first, second, strict=True):
        there = {key(said, place): said["judge"] for place, said in enumerate(other["judgments"])}
        for place, said in enumerate(one["judgments"]):
            if (found := key(said, place)) in there:
                votes.setdefault(said["judge"], []).append(there[found])
    return {judge: max(sorted(set(names)), key=names.count) for judge, names in votes.items()}


KEYS: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "order": lambda _said, place: place,
    **{
        name: (lambda said, _place, name=name: repr(said[name]))  # type: ignore[misc]
        for name in ("judgment", "judge", "label", "outcome", "mismatch", "mode", "late", "rules_cited", "no_rule_fits",
                     "note", "day")
    },
}  # fmt: skip


class Old(Numbering):
    """As it was: a pseudonym of the export beside the database's own numbers, in the database's order."""

    def numbered(self, record: PairRecord) -> PairRecord:
        return record._replace(said=[one._replace(judge=self._judge(one.judge)) for one in record.said])


def shares(project: Project, numberings: Callable[[], Numbering]) -> dict[str, float]:
    """How many of four judges each key matches rightly, on average over TRIALS pairs of exports."""
    records, ids = records_of(project), list(Judge.objects.values_list("pk", flat=True))
    right = dict.fromkeys(KEYS, 0)
    for _trial in range(TRIALS):
        pair = [numberings() for _ in range(2)]
        truth = dict(zip(*[[f"judge-{one._judge(judge):08x}" for judge in ids] for one in pair], strict=True))
        first, second = ([row(one.numbered(record), project) for record in records] for one in pair)
        for name, key in KEYS.items():
            right[name] += sum(truth[judge] == other for judge, other in matched(first, second, key).items())
    return {name: hits / TRIALS for name, hits in right.items()}


def row(record: PairRecord, project: Project) -> dict[str, Any]:
    return label_row(record, project.scale, "train")


def records_of(project: Project) -> list[PairRecord]:
    chosen, _left_out, _splits = exporting.moment(Export(project=project, kind="labels"))
    return list(exporting._records(chosen, lambda _done: None))


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same secrets each time: a bound on chance that fails by chance would tell nothing."""
    draw = random.Random(3)
    monkeypatch.setattr("annotation.curation.numbering.secrets.token_bytes", draw.randbytes)


def test_no_column_and_no_order_matches_a_judge_of_one_export_to_the_judge_of_another(judged: Project) -> None:
    """Of a draw of four names on average one is right, with a deviation of one: of 300 draws 1 +- 1/sqrt(300) = 0.06."""
    told = shares(judged, Numbering)
    assert max(told.values()) < 1 + 4 * 0.06, told


def test_the_database_s_own_numbers_and_order_match_all_four(judged: Project) -> None:
    told = shares(judged, Old)
    assert (told["judgment"], told["order"]) == (4.0, 4.0)


def test_two_real_exports_share_no_judge_and_count_each_from_one(judged: Project) -> None:
    first, second = (lines(sealed(judged, "labels"), "labels.jsonl") for _ in range(2))
    names = [{said["judge"] for one in rows for said in one["judgments"]} for rows in (first, second)]
    assert (len(names[0]), len(names[1]), names[0] & names[1]) == (4, 4, set())
    for rows in (first, second):
        assert [said["judgment"] for one in rows for said in one["judgments"]] == list(range(1, 21))
        assert [(one["pair"], one["gold"], one["prediction"]) for one in rows[:3]] == [
            (1, 1, 1),
            (2, 2, 2),
            (3, None, None),
        ]


def test_every_kind_of_export_is_given_records_by_numbers_of_its_own(judged: Project) -> None:
    given: Iterator[PairRecord] = numbered(iter(records_of(judged)))
    assert [record.pair for record in given] == [1, 2, 3, 4, 5]
    (row_of_training,) = lines(sealed(judged, "sft"), "labels-only.jsonl")[:1] or [{"pair": 1}]
    assert row_of_training["pair"] == 1
