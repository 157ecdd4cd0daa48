"""Exports: which rows, in which file, sealed how."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import stat
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.curation import exporting, gathering, sealing
from annotation.models import Export
from catalogue.models import Pair, Query
from database.statements import rows
from jobs import leasing
from projects.models import AuditEvent, Project
from projects.refusals import Refused
from relevance.splits import SPLIT_VERSION, Splits
from tests.conftest import Cast
from tests.world.rows import make_item, make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db


def gold(pair: Pair, label: str, mismatch: str = "") -> Pair:
    pair.golds.create(
        label=label, mismatch=mismatch, ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot
    )
    Pair.objects.filter(pk=pair.pk).update(gold_label=label)
    return pair


def sealed(project: Project, kind: str, **fields: Any) -> Export:
    export = exporting.request_export(project, kind, None, **fields)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert export.state == "done", export.error
    return export


def lines(export: Export, name: str) -> list[dict[str, Any]]:
    with exporting.open_file(export, name) as file:
        return [json.loads(line) for line in file.read().decode().splitlines()]


def test_a_chain_that_ends_in_gold_becomes_a_chat(project: Project) -> None:
    pair = gold(make_pair(project=project), "L4")
    prediction = make_prediction(pair=pair, label="L4")
    export = sealed(project, "sft")
    (row,) = lines(export, "sft-train.jsonl") + lines(export, "sft-validation.jsonl")
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
    assert json.loads(row["messages"][2]["content"]) == prediction.chain
    assert (row["gold"], row["prediction"]) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (None, "no_prediction"),
        ({"status": "invalid", "reason": "schema"}, "no_prediction"),
        ({"label": "L1"}, "chain_ends_in_another_label"),
        ({"label": "L4", "contradicts": ["grid_conflict"]}, "grid_or_posterior_contradicts"),
    ],
)
def test_other_gold_goes_label_only_with_the_reason(
    project: Project, fields: dict[str, Any] | None, reason: str
) -> None:
    pair = gold(make_pair(project=project), "L4")
    if fields is not None:
        make_prediction(pair=pair, **fields)
    export = sealed(project, "sft")
    (row,) = lines(export, "labels-only.jsonl")
    assert (row["label"], row["why_no_chain"]) == ("L4", reason)
    assert export.manifest is not None
    assert export.manifest["counts"]["why_no_chain"] == {reason: 1}
    assert lines(export, "sft-train.jsonl") == lines(export, "sft-validation.jsonl") == []


def test_a_chain_with_another_mismatch_is_not_learnt(project: Project) -> None:
    pair = gold(make_pair(project=project), "L2", "brand")
    make_prediction(pair=pair, label="L2")  # its chain names colour
    assert lines(sealed(project, "sft"), "labels-only.jsonl")[0]["why_no_chain"] == "chain_names_another_mismatch"


def test_benchmark_queries_never_train(project: Project) -> None:
    """Nor do others of their family."""
    for text in ("red mug", "Red  Mug", "ＲＥＤ mugs", "green mug"):
        gold(make_pair(project=project, query=text), "L4")
    Query.objects.filter(text="red mug").update(is_benchmark=True)
    for kind in ("sft", "labels"):
        export = sealed(project, kind)
        assert export.rows == 1
        assert export.manifest is not None
        assert export.manifest["counts"]["held_out_benchmark"] == 3


def test_the_split_follows_the_query_and_the_manifest_names_it(project: Project) -> None:
    texts = [f"query {number}" for number in range(40)]
    for text in texts:
        for label in ("L4", "L1"):  # only the first of the two has a chain that may train
            make_prediction(pair=gold(make_pair(project=project, query=text), "L4"), label=label)
    export = sealed(project, "sft")
    on = {side: {text for text in texts if Splits().of(text) == side} for side in ("train", "validation", "test")}
    assert [len(on[side]) for side in ("train", "validation", "test")] == [28, 3, 9]
    for side in ("train", "validation"):
        rows = lines(export, f"sft-{side}.jsonl")
        assert {(row["query"], row["split"]) for row in rows} == {(text, side) for text in on[side]}
    others = {(row["query"], row["split"]) for row in lines(export, "labels-only.jsonl")}
    assert others == {(text, side) for side in ("train", "validation") for text in on[side]}
    assert export.manifest is not None
    assert export.manifest["counts"]["held_out_test"] == 2 * 9
    assert export.manifest["split"] == {
        "by": "family",
        "version": SPLIT_VERSION,
        "shares": {"train": 70, "validation": 10, "test": 20},
    }
    assert export.rows == 80 - 18


def test_labels_say_which_side_a_query_is_on_and_hold_them_all(project: Project) -> None:
    for number in range(10):
        gold(make_pair(project=project, query=f"query {number}"), "L4")
    export = sealed(project, "labels")
    told = {row["query"]: row["split"] for row in lines(export, "labels.jsonl")}
    assert told == {f"query {number}": Splits().of(f"query {number}") for number in range(10)}
    with exporting.open_file(export, "labels.csv") as file:
        assert {row["query"]: row["split"] for row in csv.DictReader(io.StringIO(file.read().decode()))} == told
    assert export.manifest is not None
    assert export.manifest["counts"]["by_split"] == dict(Counter(told.values()))
    assert "test" in told.values()


def test_the_manifest_tells_rows_bytes_and_digests_as_they_are(project: Project) -> None:
    for query in ("a", "b", "c"):
        gold(make_pair(project=project, query=query), "L4")
    export = sealed(project, "labels")
    assert export.manifest is not None
    for entry in export.manifest["files"]:
        with exporting.open_file(export, entry["name"]) as file:
            data = file.read()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert entry["bytes"] == len(data)
    assert export.rows == len(lines(export, "labels.jsonl")) == 3
    assert exporting.verify(export) == []


def test_a_changed_file_no_longer_verifies(project: Project) -> None:
    gold(make_pair(project=project), "L4")
    export = sealed(project, "labels")
    path = Path(default_storage.path(f"{export.folder}/labels.jsonl"))
    path.write_bytes(path.read_bytes() + b"{}\n")
    assert exporting.verify(export) == ["labels.jsonl"]


def test_labels_carry_every_voice_under_a_pseudonym(project: Project, cast: Cast) -> None:
    pair = make_pair(project=project)
    make_judgment(pair=pair, by=cast.ana, label="L4")
    make_judgment(pair=pair, by=cast.ana, label="L3", revision=2)
    make_judgment(pair=pair, by="r1", label="L1")
    export = sealed(project, "labels")
    (row,) = lines(export, "labels.jsonl")
    assert sorted(one["label"] for one in row["judgments"]) == ["L1", "L3"]
    with exporting.open_file(export, "labels.jsonl") as file:
        text = file.read().decode()
    assert "ana" not in text
    assert "r1" not in text


def test_source_and_licence_go_with_every_row(project: Project) -> None:
    gold(make_pair(project=project), "L4")
    (row,) = lines(sealed(project, "labels"), "labels.jsonl")
    assert (row["source"], row["licence"]) == ("tests", "CC0-1.0")


@pytest.mark.parametrize("title", ["=1+1", "+cmd", "-2", "@x", "\tx", " =1", '"=1', "＝1"])
def test_no_cell_of_the_csv_is_a_formula_and_the_jsonl_is_lossless(project: Project, title: str) -> None:
    gold(make_pair(project=project, item=make_item(project=project, title=title)), "L4")
    export = sealed(project, "labels")
    assert lines(export, "labels.jsonl")[0]["title"] == title
    with exporting.open_file(export, "labels.csv") as file:
        table = list(csv.DictReader(io.StringIO(file.read().decode())))
    assert table[0]["title"] == "'" + title


def test_a_cancelled_export_leaves_nothing_behind(project: Project, cast: Cast) -> None:
    gold(make_pair(project=project), "L4")
    export = exporting.request_export(project, "labels", cast.lena)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    assert exporting.cancel(export, cast.lena)
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert export.state == "cancelled"
    assert exporting.open_file(export, "labels.jsonl") is None
    assert not default_storage.exists(f"exports/{export.pk}/{token.hex}/labels.jsonl")


def test_what_killed_attempts_left_is_removed_and_nothing_else(project: Project, settings: Any) -> None:
    """Of one export an attempt was killed and the second sealed it; of the other one runs."""
    gold(make_pair(project=project), "L4")
    done = sealed(project, "labels")
    runs = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, runs.pk)
    assert token is not None
    killed = uuid.uuid4()
    for attempt, export in ((killed, done), (token, runs)):
        default_storage.save(f"exports/{export.pk}/{attempt.hex}/labels.jsonl", ContentFile(b"half"))
        (settings.DATA_DIR / "scratch" / attempt.hex).mkdir(parents=True)
        (settings.DATA_DIR / "scratch" / attempt.hex / "labels.jsonl").write_bytes(b"half")
    assert exporting.tidy() == 2
    assert not default_storage.exists(f"exports/{done.pk}/{killed.hex}")
    assert default_storage.exists(f"exports/{runs.pk}/{token.hex}/labels.jsonl")
    assert [path.name for path in (settings.DATA_DIR / "scratch").iterdir()] == [token.hex]
    assert exporting.verify(done) == []
    assert exporting.tidy() == 0


def test_a_full_disk_is_named_and_leaves_nothing(
    project: Project, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold(make_pair(project=project), "L4")
    export = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, export.pk)
    assert token is not None

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sealing.os, "fsync", refuse)
    with pytest.raises(exporting.NoRoom) as full:
        exporting.work(export.pk, token)
    assert leasing.error_text(full.value) == "disk_full: no room is left where exports are written"
    assert not [path for path in settings.DATA_DIR.rglob("*") if path.is_file()]


def test_only_what_the_manifest_names_can_be_opened(project: Project) -> None:
    gold(make_pair(project=project), "L4")
    export = sealed(project, "labels")
    assert exporting.open_file(export, "../../secret_key") is None
    with exporting.open_file(export, "manifest.json") as file:
        assert json.loads(file.read())["export"] == export.pk


@pytest.mark.parametrize("number", ["987654321", "all", "-1"])
def test_a_hard_set_that_is_not_there_is_refused_and_does_not_come_to_mean_the_whole_project(
    project: Project, cast: Cast, client: Client, number: str
) -> None:
    client.force_login(cast.lena)
    answer = client.post(f"/p/{project.slug}/exports/", {"kind": "labels", "hard_set": number})
    assert answer.status_code == 404
    assert not Export.objects.exists()


def test_gold_that_was_withdrawn_is_not_exported(project: Project) -> None:
    pair = gold(make_pair(project=project), "L4")
    pair.golds.create(label="", revision=2, ground="import", batch=pair.batch, snapshot=pair.item.current_snapshot)
    assert sealed(project, "sft").rows == 0


@pytest.mark.parametrize("training", [False, True])
def test_the_rows_of_a_chunk_are_found_by_index_however_small_the_tables(
    project: Project, cast: Cast, *, training: bool
) -> None:
    """Left to itself PostgreSQL reads these tables whole, as it does where the project is a large part of them."""
    pair = gold(make_pair(project=project), "L4")
    make_judgment(pair=pair, by=cast.ana, label="L4")
    settled = pair.golds.get()
    with CaptureQueriesContext(connection) as asked:
        gathering.Gatherer(training=training).records([pair.pk], [settled.pk])
    reads = [query["sql"] for query in asked.captured_queries if "annotation_" in query["sql"]]
    assert len(reads) == (1 if training else 3)  # pairs, judgments, citations
    with gathering.by_index():
        plans = ["\n".join(line for (line,) in rows(f"EXPLAIN {read}")) for read in reads]
    assert not [plan for plan in plans if "Seq Scan" in plan or "Hash" in plan]


def test_what_makes_an_export_plan_otherwise_ends_with_it_also_after_an_error(project: Project) -> None:
    def settings_now() -> list[str]:
        names = ("plan_cache_mode", "enable_seqscan", "enable_hashjoin")
        return [str(rows("SELECT current_setting(%s)", name)[0][0]) for name in names]

    with pytest.raises(ZeroDivisionError), gathering.by_index():
        assert settings_now() == ["force_custom_plan", "off", "off"]
        _ = 1 / 0
    assert settings_now() == ["auto", "on", "on"]


def test_a_file_that_the_storage_has_lost_is_said_so(
    project: Project, cast: Cast, client_for: Callable[[Any], Client], tmp_path: Path
) -> None:
    gold(make_pair(project=project), "L4")
    export = sealed(project, "labels")
    lena, address = client_for(cast.lena), f"/p/shoes/exports/{export.pk}/files/labels.jsonl"
    head = lena.head(address)
    # As a server does at the end; `close` would end the connection of the test, too.
    for close in head._resource_closers:
        close()
    assert head.status_code == 200
    assert not AuditEvent.objects.filter(act="downloaded_export").exists(), "nothing was downloaded"
    default_storage.delete(f"{export.folder}/labels.jsonl")
    answer = lena.get(address)
    assert answer.status_code == 410 and "labels.jsonl" in answer.content.decode()
    with pytest.raises(Refused, match="lost the file"):
        exporting.copy_to(export, tmp_path)


def test_what_is_written_aside_is_for_this_account_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    gold(make_pair(project=project), "L4")
    (settings.DATA_DIR / "scratch").mkdir(parents=True, exist_ok=True)
    (settings.DATA_DIR / "scratch").chmod(0o755)  # as an earlier version left it
    modes: dict[str, int] = {}

    def stored(folder: str, files: Any) -> None:
        for path in (settings.DATA_DIR / "scratch", *(settings.DATA_DIR / "scratch").rglob("*")):
            modes["folder" if path.is_dir() else "file"] = modes.get("folder" if path.is_dir() else "file", 0) | (
                stat.S_IMODE(path.stat().st_mode)
            )
        kept(folder, files)

    kept = sealing.store
    monkeypatch.setattr(sealing, "store", stored)
    sealed(project, "labels")
    assert modes == {"folder": 0o700, "file": 0o600}
