"""What a model has learnt from decides whom it may teach and with whom it is compared."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from annotation.curation import exporting
from catalogue import benchmark
from evaluation import comparing
from inference.engines.learnt import LearntDistilled
from inference.models import LearntModel, ModelVersion
from inference.prompting import prompt_versions
from inference.registry import lineage, registry
from projects.models import Project
from relevance.splits import SPLIT_VERSION, Splits, digest, digests
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.annotation.curation.test_exporting import gold, sealed
from tests.conftest import ROOT, Cast
from tests.misbehaving.server import Misbehaving, running
from tests.world.rows import make_item, make_model, make_pair, make_prediction
from training import distilled
from training.distilled import LeakedLineage

pytestmark = pytest.mark.django_db
COLOURS = ("red", "blue", "green", "black", "white")
TEXTS = [f"{COLOURS[n % 5]} mug {n}" for n in range(40)]  # 28 train, 2 validation, 10 test
OLD_ROW = {"messages": [{"role": "system", "content": "Judge."}, {"role": "user", "content": ""}]}


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture
def rules() -> None:
    publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)


def command(name: str, *arguments: object) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=io.StringIO())
    except SystemExit as ended:
        assert ended.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def registered(server: Misbehaving, *arguments: object) -> dict[str, Any]:
    target = server.base_url("good")
    return command("register_model", "lore", "--engine", "openai_server", "--target", target, *arguments)


def old_export(folder: Path, *queries: str) -> Path:
    """As exports were before rows named query and side."""
    rows = [
        {**OLD_ROW, "messages": [OLD_ROW["messages"][0], {"role": "user", "content": json.dumps({"query": query})}]}
        for query in queries
    ]
    data = "".join(json.dumps({**row, "split": "train"}) + "\n" for row in rows).encode()
    (folder / "sft-train.jsonl").write_bytes(data)
    entry = {"name": "sft-train.jsonl", "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"kind": "sft", "files": [entry]}))
    return folder / "manifest.json"


def judged_by(project: Project, model: ModelVersion) -> None:
    """Five mugs for each query, judged by a large model."""
    for text in TEXTS:
        for colour in COLOURS:
            pair = make_pair(project=project, query=text, item=make_item(project=project, title=f"{colour} mug"))
            make_prediction(pair=pair, label="L4" if colour in text else "L1", model=model)


def chat(**fields: Any) -> ModelVersion:
    return make_model(prompt=prompt_versions.active(), learnt=True, **fields)


def test_a_teacher_that_learnt_from_a_test_query_is_refused_by_name(
    project: Project, rules: None, server: Misbehaving, tmp_path: Path
) -> None:
    """It was trained on an export of before the split, of which one query in five tests now."""
    told = registered(server, "--trained-on", old_export(tmp_path, *TEXTS))
    assert told["lineage"] == {"families": 40, "test": 10}
    teacher = ModelVersion.objects.get(name="lore")
    pair = make_pair(project=project, query=TEXTS[0])
    make_prediction(pair=pair, model=teacher)
    answer = command("train_distilled", "--project", "shoes", "--from", "model")
    assert answer["error"].startswith("leaked_lineage: the teacher lore (")
    assert "has learnt from 10 families of queries that test (split 2)" in answer["error"]
    assert not LearntModel.objects.exists()


def test_a_teacher_trained_on_an_export_of_this_split_may_teach(
    project: Project, server: Misbehaving, tmp_path: Path
) -> None:
    for text in TEXTS:
        make_prediction(pair=gold(make_pair(project=project, query=text), "L4"), label="L4")
    exporting.copy_to(sealed(project, "sft"), tmp_path)
    assert registered(server, "--trained-on", tmp_path / "manifest.json")["lineage"] == {"families": 28, "test": 0}
    teacher = ModelVersion.objects.get(name="lore")
    make_prediction(pair=make_pair(project=project, query=TEXTS[0]), model=teacher)
    (known,) = distilled._teachers(project, benchmark.splits(project)).values()
    assert known == digests(text for text in TEXTS if Splits().of(text) == "train")


def test_a_query_that_became_a_benchmark_leaks_too(project: Project) -> None:
    teacher = chat()
    lineage.keep(teacher, digests(["red mug"]), None, source="test")
    pair = make_pair(project=project, query="Mugs, red")
    make_prediction(pair=pair, model=teacher)
    assert list(distilled._teachers(project, benchmark.splits(project))) == [str(teacher)]
    type(pair.query).objects.update(is_benchmark=True)
    with pytest.raises(LeakedLineage, match="from 1 families"):
        distilled._teachers(project, benchmark.splits(project))


def test_the_same_weights_have_the_same_lineage_under_any_name_role_and_prompt(project: Project) -> None:
    model = chat(target="https://models/v1")
    same = {"engine": model.engine, "target": model.target, "revision": model.revision}
    lineage.keep(model, digests(["red mug"]), None, source="test")
    other = ModelVersion.objects.create(name="another", prompt_version="2", role="teacher", **same)
    lineage.keep(other, digests(["blue mug"]), None, source="test")
    assert lineage.of(model) == lineage.of(other) == digests(["red mug", "blue mug"])
    assert lineage.of(chat(target="https://models/v1")) is None  # another revision


def test_who_learnt_from_a_teacher_of_unknown_lineage_says_so_and_keeps_what_it_learnt_from(
    project: Project, rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile an old model is active, which learnt before the split: the cold start is the rival, and the report says why."""
    judged_by(project, teacher := chat())
    old = make_model(engine="distilled", name="distilled-shoes", learnt=True)
    told = {"cold_start": {}, "majority": {"label": "L4", "acc": 0.5}, "calibration": []}
    LearntModel.objects.create(version=old, project=project, source="gold", body=b"", report=told)
    monkeypatch.setattr(registry, "active", lambda *_: old)
    lessons = distilled.learn(project, "model")
    report = lessons.report
    assert (report["split"], report["lineage"], report["teachers"]) == (2, "unknown", {str(teacher): "unknown"})
    assert (report["train_pairs"], report["test_pairs"]) == (28 * 5, 10 * 5)
    assert report["active"]["no_rival"].startswith(f"{old} learnt before split 2")
    kept = distilled.keep(project, lessons, None, promote=False)
    assert lineage.of(kept.version) == digests(text for text in TEXTS if Splits().of(text) == "train")
    assert not lineage.learnt_by_another_split(kept.version)


def figures(kappa: float) -> dict[str, Any]:
    return {"kappa_quadratic": {"value": kappa}, "auc": {"value": 0.8}}


@pytest.mark.parametrize(
    ("active", "why_not"),
    [
        (None, ""),
        ({"model": "m", **figures(0.6)}, "quadratic kappa and AUC (0.5, 0.8) do not beat (0.6, 0.8)"),
        ({"model": "m", "no_rival": "m learnt before split 2", "large": False}, ""),
        ({"model": "m", "no_rival": "m leaks", "large": True}, "m leaks: nothing can be compared with it here"),
    ],
)
def test_who_cannot_be_compared_is_no_rival(active: dict[str, Any] | None, why_not: str) -> None:
    """A distilled model's place is then won against the cold start; a large model's only by a person's word."""
    assert comparing.why_not({**figures(0.5), "cold_start": figures(0.4), "active": active}) == why_not


@pytest.mark.parametrize(
    ("report", "why"),
    [({}, "learnt before split 2"), ({"split": SPLIT_VERSION - 1}, "learnt before split 2"), ({"split": SPLIT_VERSION}, "")],
)  # fmt: skip
def test_a_report_without_this_splits_version_makes_no_rival(
    project: Project, report: dict[str, Any], why: str
) -> None:
    model = make_model(engine="distilled", learnt=True, prompt_version=LearntDistilled.prompt_version)
    LearntModel.objects.create(version=model, project=project, source="gold", body=b"", report=report)
    found = comparing.no_rival(model, Splits())
    assert (why in found) if why else not found
    lineage.keep(model, digests(["red mug"]), None, source="test")
    if not why:
        assert "learnt from 1 families" in comparing.no_rival(model, Splits({digest("red mugs")}))


def test_the_page_of_a_model_says_what_it_has_learnt_from(project: Project, cast: Cast, client: Any) -> None:
    model = chat()
    client.force_login(cast.max)
    page = reverse("model", args=["shoes", model.pk])
    assert "Nobody has said." in client.get(page).content.decode()
    lineage.keep(model, digests(TEXTS), None, source="test")
    assert "40 families of queries, 10 of which test" in client.get(page).content.decode()
