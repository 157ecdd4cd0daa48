"""The fast way of writing an export says, byte for byte, what the obvious way says."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.curation import exporting
from annotation.models import Citation, Export, Judgment
from catalogue.models import Pair, Query, Snapshot
from jobs import leasing
from projects.models import Project
from rules.models import RuleVersion
from tests.annotation.straightforward_export import files, read
from tests.conftest import Cast
from tests.world.rows import make_import, make_item, make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db
SECRET = b"s" * 32
VARIANTS = [{"code": "1", "name": "赤", "attributes": [["size", "L"], ["", "x"]]}]


@pytest.fixture(autouse=True)
def one_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotation.curation.numbering.secrets.token_bytes", lambda _count: SECRET)
    monkeypatch.setattr(exporting, "CHUNK", 3)


@pytest.fixture
def mixed(project: Project, cast: Cast) -> Project:
    """Every kind of row that an export can meet, twice over, so that chunks of three end within each kind."""
    batch = make_import(project=project, attribution='"Shop" & sons')
    for turn in range(2):
        _golds(project, batch, turn)
        _voices(project, batch, cast, turn)
    Query.objects.create(project=project, text="Held  OUT", is_benchmark=True)
    make_pair(project=project, query="nobody said anything", batch=batch)
    return project


def _golds(project: Project, batch: Any, turn: int) -> None:
    rich: dict[str, Any] = {
        "title": '=SUM("A", 1)\n杯子 \u202e',
        "category": "home > mugs",
        "cpv": [["colour", "red"], ["colour", "rot"], ["", ""]],
        "skus": VARIANTS,
        "shop": "-shop",
    }
    chains: list[dict[str, Any]] = [
        {"label": "L4"},
        {"label": "L4", "contradicts": ["grid_conflict"]},
        {"label": "L1"},
        {"status": "invalid", "reason": "schema"},
    ]
    for number, fields in enumerate(chains):
        pair = make_pair(
            project=project, query=f"cup {turn} {number}", item=make_item(project=project, batch=batch, **rich)
        )
        _gold(pair, "L4")
        make_prediction(pair=pair, label="L1")
        make_prediction(pair=pair, **fields)  # the newest counts
    _gold(make_pair(project=project, query=f"no prediction {turn}", batch=batch, external_id="p,1"), "L2", "brand")
    mismatched = make_pair(project=project, query=f"another mismatch {turn}", batch=batch, locale="en-GB")
    _gold(mismatched, "L2", "brand")
    make_prediction(pair=mismatched, label="L2")
    moved = make_pair(project=project, query=f"moved on {turn}", batch=batch, locale="es")
    _gold(moved, "L4")
    moved.item.current_snapshot = Snapshot.objects.create(
        item=moved.item, sha256=f"new {turn}", title="New", batch=batch
    )
    moved.item.save(update_fields=["current_snapshot"])
    make_prediction(pair=moved, label="L4")  # saw the new content, the gold did not
    withdrawn = make_pair(project=project, query=f"withdrawn gold {turn}", batch=batch)
    _gold(withdrawn, "L4")
    withdrawn.golds.create(label="", revision=2, ground="import", batch=batch, snapshot_id=withdrawn.item.snapshot_now)
    _gold(make_pair(project=project, query="held out", item=make_item(project=project, batch=batch), batch=batch), "L4")


def _voices(project: Project, batch: Any, cast: Cast, turn: int) -> None:
    pair = make_pair(project=project, query=f"voices {turn}", batch=batch)
    first = make_judgment(pair=pair, by=cast.ben, label="L1", mode="facts", no_rule_fits=True)
    make_judgment(pair=pair, by=cast.ana, label="L4", mode="blind", late=True)
    make_judgment(pair=pair, by="r1", label="L2")
    make_judgment(pair=pair, by=cast.ana, label="L3", revision=2, mode="blind")
    version = RuleVersion.objects.get()
    Citation.objects.create(judgment=first, version=version)
    unsure = make_pair(project=project, query=f"unsure {turn}", batch=batch)
    make_judgment(pair=unsure, by=cast.ana, label="", outcome="cannot_tell")
    make_judgment(pair=unsure, by=cast.ben, label="L4")
    make_judgment(pair=unsure, by=cast.ben, label="", outcome="withdrawn", revision=2)
    again = make_pair(project=project, query=f"judged again {turn}", batch=batch)
    stale = make_judgment(pair=again, by=cast.ana, label="L1")
    make_judgment(pair=again, by=cast.ben, label="L4", round=2, replaces=stale)
    taken_back = make_pair(project=project, query=f"judged again and taken back {turn}", batch=batch)
    stale = make_judgment(pair=taken_back, by=cast.ana, label="L1")
    make_judgment(pair=taken_back, by=cast.ben, label="L4", round=2, replaces=stale)
    make_judgment(pair=taken_back, by=cast.ben, label="", outcome="withdrawn", round=2, revision=2, replaces=stale)


def _gold(pair: Pair, label: str, mismatch: str = "") -> None:
    pair.golds.create(
        label=label, mismatch=mismatch, ground="import", batch=pair.batch, snapshot_id=pair.item.snapshot_now
    )


@pytest.mark.parametrize("kind", ["labels", "sft"])
def test_the_fast_way_writes_the_same_bytes_as_the_obvious_way(mixed: Project, kind: str) -> None:
    export = exporting.request_export(mixed, kind, None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert export.manifest is not None, export.error
    wanted = files(export, SECRET)
    for name, data in wanted.items():
        with exporting.open_file(export, name) as file:
            assert file.read() == data, name
    assert {entry["name"] for entry in export.manifest["files"]} == set(wanted)
    assert export.manifest["counts"]["held_out_benchmark"] == 2


def test_the_mixed_set_has_every_kind_of_row(mixed: Project) -> None:
    """Else the comparison would prove little."""
    export = Export(project=mixed, kind="sft")
    written = files(export, SECRET)
    reasons = {row["why_no_chain"] for row in read(written["labels-only.jsonl"])}
    assert reasons == {
        "no_prediction",
        "chain_ends_in_another_label",
        "chain_names_another_mismatch",
        "grid_or_posterior_contradicts",
    }
    assert written["sft-train.jsonl"] + written["sft-validation.jsonl"]
    rows = read(files(Export(project=mixed, kind="labels"), SECRET)["labels.jsonl"])
    told = {row["query"]: row for row in rows}
    cited = {said["label"]: said["rules_cited"] for said in told["voices 0"]["judgments"]}
    assert cited == {"L1": ["R-001 v1"], "L2": [], "L3": []}
    assert [said["outcome"] for said in told["unsure 0"]["judgments"]] == ["cannot_tell"]
    assert [said["label"] for said in told["judged again 0"]["judgments"]] == ["L4"]
    assert [said["label"] for said in told["judged again and taken back 0"]["judgments"]] == ["L1"]
    assert Judgment.objects.filter(replaces__isnull=False).exists()
