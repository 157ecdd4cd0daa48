"""One split for everybody who trains, exports or measures: no query stands on two sides, whoever asks and however it is spelt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalogue.models import Pair, Query
from inference.distilled.fitting import TooLittle
from projects.models import Project
from relevance.splits import Splits
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.annotation.curation.test_exporting import gold, lines, sealed
from tests.conftest import ROOT
from tests.world.rows import make_item, make_pair, make_prediction
from training import distilled
from training.distilled import CannotTrain

pytestmark = pytest.mark.django_db
COLOURS = ("red", "blue", "green", "black", "white")
TRAINING_FILES = ("sft-train.jsonl", "sft-validation.jsonl", "labels-only.jsonl")


@pytest.fixture
def rules() -> None:
    publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)


def label(project: Project, *queries: str) -> None:
    """Five mugs for each query, one in the asked colour; the first with a chain that may train."""
    for query in queries:
        for colour in COLOURS:
            truth = "L4" if colour in query.lower() else "L1"
            pair = gold(make_pair(project=project, query=query, item=make_item(project=project, title=colour)), truth)
            if colour == COLOURS[0]:
                make_prediction(pair=pair, label=truth)


def learnt(project: Project, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The queries that the distilled tier would learn from."""
    seen: list[str] = []
    kept = distilled._observe

    def noting(pairs: Any, *rest: Any) -> Any:
        seen.extend(one.facts.query for one in pairs)
        return kept(pairs, *rest)

    def stop(*_: Any, **__: Any) -> None:
        raise TooLittle("seen enough")

    monkeypatch.setattr(distilled, "_observe", noting)
    monkeypatch.setattr(distilled, "fit", stop)
    with pytest.raises(CannotTrain, match="seen enough"):
        distilled.learn(project, "gold")
    return set(seen)


def in_training_files(project: Project) -> set[str]:
    export = sealed(project, "sft")
    rows = [row for name in TRAINING_FILES for row in lines(export, name)]
    return {row.get("query") or json.loads(row["messages"][1]["content"])["query"] for row in rows}


def test_one_split_per_query_family(project: Project, rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{COLOURS[n % 5]} mug {n}" for n in range(25)]
    label(project, *texts, *(f"{text.title()}" for text in texts))
    trained = learnt(project, monkeypatch)
    assert 20 <= len(trained) < 50
    assert {text.lower() for text in trained} == {text for text in texts if text in trained}
    assert {text.title() for text in trained} == {text for text in trained if not text.islower()}


def test_no_test_query_stands_in_a_file_that_trains(project: Project) -> None:
    texts = [f"{COLOURS[n % 5]} mug {n}" for n in range(40)]
    label(project, *texts)
    trained = in_training_files(project)
    test = {text for text in texts if Splits().of(text) == "test"}
    assert len(test) >= 4
    assert trained == set(texts) - test


def test_distilled_and_exports_train_on_the_same_queries(
    project: Project, rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(project, *(f"{COLOURS[n % 5]} Mug {n}" for n in range(40)))
    rows = lines(sealed(project, "sft"), "sft-train.jsonl")
    exported = {json.loads(row["messages"][1]["content"])["query"] for row in rows}
    assert learnt(project, monkeypatch) == exported


def test_a_benchmark_querys_whole_family_trains_nothing_in_its_project(
    project: Project, rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spellings that differ in case, number or order of words."""
    near = ["red mug 6", "Red Mugs 6", "6 mug red"]
    label(project, *near, *(f"{COLOURS[n % 5]} mug {n}" for n in range(10, 50)))
    Query.objects.filter(project=project, text="red mug 6").update(is_benchmark=True)
    assert {Splits().of(text) for text in near} == {"train"}
    assert not learnt(project, monkeypatch) & set(near)
    for kind in ("sft", "labels"):
        export = sealed(project, kind)
        assert export.manifest is not None
        assert export.manifest["counts"]["held_out_benchmark"] == 3 * 5
    assert not in_training_files(project) & set(near)
    assert Pair.objects.filter(project=project).count() == 43 * 5


def test_what_another_project_keeps_as_its_benchmark_takes_nothing_away_here_and_is_not_told(
    project: Project, rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names our queries in a file of theirs changes neither a row of ours nor a count."""
    texts = [f"{COLOURS[n % 5]} mug {n}" for n in range(40)]
    label(project, *texts)
    kinds = ("sft", "labels")
    before = {kind: sealed(project, kind).manifest for kind in kinds}, learnt(project, monkeypatch)
    other = Project.objects.create(slug="hats", name="Hats")
    for text in texts:
        make_pair(project=other, query=text.upper())
    Query.objects.filter(project=other).update(is_benchmark=True)
    other.archived_at = other.created_at
    other.save()
    after = {kind: sealed(project, kind).manifest for kind in kinds}, learnt(project, monkeypatch)
    assert len(after[1]) == 28
    for kind in kinds:
        was, now = before[0][kind], after[0][kind]
        assert was is not None and now is not None
        assert now["counts"] == was["counts"]
        assert now["counts"]["held_out_benchmark"] == 0
        assert sum(file["rows"] for file in now["files"]) == sum(file["rows"] for file in was["files"]) > 0
