"""What a program does with a service token, from an import to a bad case: the steps of docs/api.md."""

from __future__ import annotations

import gzip
import io
import json
import time
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from annotation.curation import exporting
from annotation.models import BadCase, Export, HardSet
from catalogue.importing import looking, receiving, running
from catalogue.importing.program_imports import CutOff, TooLarge, collect
from catalogue.models import Import, Item, Pair
from database import locks
from inference.models import PrelabelRun
from jobs import leasing
from projects import tokens
from projects.models import AuditEvent, Project, Scope
from rules.publishing import publish_pack
from tests.catalogue.importing.test_looking import everything
from tests.conftest import Cast
from tests.rules.conftest import spec
from tests.world.rows import make_item, make_pair

ROWS = [
    {"query": "red dress", "item_id": f"d{n}", "title": f"Red dress {n}", "category": "dress", "label": "L4"}
    for n in range(3)
]


class Program(Client):
    """Holds a token, and writes the addresses of one version: /api/v1/, or /api/ as before it."""

    root = "/api/"

    def generic(self, method: str, path: str, *rest: Any, **extra: Any) -> Any:
        path = path if path.startswith(self.root + "p/") else path.replace("/api/", self.root, 1)
        return super().generic(method, path, *rest, **extra)

    def told(self, answer: Any) -> str:
        """Why it was refused, in the form of this version."""
        said = answer.json()
        if self.root == "/api/":
            assert list(said) == ["error"]
            return str(said["error"])
        assert answer["Content-Type"] == "application/problem+json"
        assert list(said) == ["type", "title", "status", "detail", "code", "errors"]
        assert (said["type"], said["status"]) == (f"urn:lore:problem:{said['code']}", answer.status_code)
        return str(said["detail"])


@pytest.fixture(params=["/api/v1/", "/api/"])
def program(request: Any, project: Project, cast: Cast) -> Program:
    secret = tokens.issue(project, "nightly", list(Scope), 30, actor=cast.lena).secret
    client = Program(headers={"Authorization": f"Bearer {secret}"})
    client.root = request.param
    return client


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def send(program: Program, body: bytes, query: str = "licence=internal&source=shop", kind: str = "octet-stream") -> Any:
    return program.generic("POST", f"/api/p/shoes/imports/?{query}", body, f"application/{kind}")


def work(batch_id: int) -> None:
    token = leasing.claim(Import, batch_id)
    assert token is not None
    running.work(batch_id, token)


@pytest.mark.parametrize("kind", ["octet-stream", "x-www-form-urlencoded", "x-ndjson", "json"])
def test_a_file_is_the_body_and_its_columns_are_told_as_by_the_command(kind: str, program: Program, cast: Cast) -> None:
    """curl --data-binary calls every body a form."""
    answer = send(program, lines(ROWS), kind=kind)
    assert answer.status_code == 201, answer.content
    batch = Import.objects.get()
    assert answer["Location"] == f"{program.root}p/shoes/imports/{batch.pk}/"
    assert (batch.confirmed, batch.licence, batch.source) == (True, "internal", "shop")
    assert batch.requested_by == cast.lena
    work(batch.pk)
    state = program.get(answer["Location"]).json()
    assert (state["state"], state["ended"], state["read"], state["new"], state["gold"]) == ("done", True, 3, 3, 3)


def test_a_form_with_a_file_does_the_same(program: Program) -> None:
    file = SimpleUploadedFile("pairs.jsonl.gz", gzip.compress(lines(ROWS)))
    answer = program.post("/api/p/shoes/imports/", {"file": file, "licence": "internal", "kind": "pairs"})
    assert answer.status_code == 201, answer.content
    work(answer.json()["import"])
    assert Pair.objects.count() == 3


def test_an_export_of_another_program_is_known_by_its_structure_and_said_to_be_it(program: Program) -> None:
    answer = {"from_name": "rel", "type": "choices", "value": {"choices": ["L4"]}}
    data = {"query": "red mug", "item_id": "m1", "title": "Red mug"}
    task = {"id": 1, "data": data, "annotations": [{"completed_by": 3, "result": [answer]}]}
    looked = send(program, json.dumps([task]).encode(), "licence=internal&look=1").json()
    assert (looked["report"]["preset"], looked["report"]["counts"]["ratings"]) == ("label_studio", 1)
    batch = send(program, json.dumps([task]).encode(), "licence=internal&preset=label_studio").json()["import"]
    work(batch)
    assert program.get(f"/api/p/shoes/imports/{batch}/").json()["ratings"] == 1
    wrong = send(program, lines(ROWS), "licence=internal&preset=label_studio")
    assert wrong.status_code == 400 and "label_studio" in wrong.content.decode()


def test_a_look_says_what_the_import_then_says_and_stores_nothing(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = lines([*({**row, "shelf": "A"} for row in ROWS), {"query": "", "item_id": "x", "title": "y"}])
    before, query = everything(), "licence=internal&source=shop"
    answer = send(program, body, f"{query}&look=1")
    assert answer.status_code == 200, answer.content
    looked = answer.json()
    assert everything() == before
    assert looked["summary"] == "3 rows would go in; 1 row would not; 1 column is not read"
    assert looked["report"]["unread"] == ["shelf"] and looked["report"]["confirmed_by"] == "program"
    batch = send(program, body, query).json()
    assert batch["report"] is None
    work(batch["import"])
    assert program.get(f"/api/p/shoes/imports/{batch['import']}/").json()["report"] == looked["report"]
    monkeypatch.setattr(looking, "FIRST_ROWS", 2)
    first = send(program, body, f"{query}&look=1").json()["report"]
    assert (first["whole"], first["counts"]["read"], first["counts"]["known"]) == (False, 2, 2)


def test_a_project_takes_one_look_at_a_time_and_the_next_is_told_to_come_again(
    program: Program, project: Project
) -> None:
    """Each of many would hold a web thread until the one before it is done. Another connection is at a look."""
    with locks.alone(f"look {project.pk}"):
        began = time.monotonic()
        refused = send(program, lines(ROWS), "look=1&licence=x")
    assert (refused.status_code, refused["Retry-After"]) == (409, "5")
    assert "Look again in a few seconds." in refused.content.decode()
    assert time.monotonic() - began < 10  # of a transaction that would last for ever
    assert send(program, lines(ROWS), "look=1&licence=x").status_code == 200


def test_a_look_does_not_wait_for_what_an_import_holds(program: Program) -> None:
    """Another connection holds what the look has to write, as an import holds its project for a chunk."""
    with closing(connection.copy()) as importing:
        importing.set_autocommit(False)
        with importing.cursor() as cursor:
            cursor.execute("LOCK TABLE catalogue_import IN SHARE ROW EXCLUSIVE MODE")
        began = time.monotonic()
        refused = send(program, lines(ROWS), "look=1&licence=x")
        took = time.monotonic() - began
        importing.rollback()
    assert (refused.status_code, refused["Retry-After"]) == (409, "5")
    assert took < 10  # of a transaction that would last for ever
    assert send(program, lines(ROWS), "look=1&licence=x").status_code == 200


def test_a_look_refuses_what_the_import_would_refuse(program: Program) -> None:
    assert send(program, lines(ROWS), "look=1").status_code == 400
    assert send(program, b"", "look=1&licence=x").status_code == 400
    nothing = send(program, lines([{**ROWS[0], "title": ""}]), "look=1&licence=x").json()
    assert nothing["why_nothing"]["code"] == "title_rejected"
    assert not Import.objects.exists()


def test_labels_that_contradict_are_read_line_by_line(program: Program) -> None:
    batch = send(program, lines([*ROWS, {**ROWS[0], "label": "L1"}])).json()["import"]
    work(batch)
    assert program.get(f"/api/p/shoes/imports/{batch}/").json()["conflicts"] == 1
    answer = program.get(f"/api/p/shoes/imports/{batch}/conflicts/")
    assert answer["Content-Type"] == "application/x-ndjson"
    (found,) = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert (found["row"], found["item"], found["said"], found["met"]) == (4, "d0", "L1", "L4")
    assert (found["ground"], found["stands"]) == ("import", "L4")


def test_a_token_that_may_not_export_is_not_told_which_labels_stand(
    program: Program, project: Project, cast: Cast
) -> None:
    work(send(program, lines(ROWS)).json()["import"])
    secret = tokens.issue(project, "imports alone", [Scope.IMPORT], 30, actor=cast.lena).secret
    blind = Program(headers={"Authorization": f"Bearer {secret}"})
    blind.root = program.root
    looks = [
        send(blind, lines([{**ROWS[0], "label": label}]), "licence=internal&source=shop&look=1").json()
        for label in ("L1", "L4")
    ]
    assert looks[0]["summary"] == looks[1]["summary"]
    assert looks[0]["report"]["counts"] == looks[1]["report"]["counts"]
    batch = send(blind, lines([{**ROWS[0], "label": "L1"}])).json()["import"]
    work(batch)
    told = blind.get(f"/api/p/shoes/imports/{batch}/").json()
    assert (told["conflicts"], told["report"]["counts"]["conflicts"]) == (None, 0)
    assert blind.get(f"/api/p/shoes/imports/{batch}/conflicts/").status_code == 404
    assert program.get(f"/api/p/shoes/imports/{batch}/").json()["conflicts"] == 1


def test_rejected_rows_are_read_line_by_line(program: Program) -> None:
    batch = send(program, lines([*ROWS, {"query": "", "item_id": "x", "title": "y"}])).json()["import"]
    work(batch)
    answer = program.get(f"/api/p/shoes/imports/{batch}/rejected/")
    assert answer["Content-Type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [(row["row"], row["field"]) for row in rows] == [(4, "query")]


@pytest.mark.parametrize(
    ("body", "query", "status", "said"),
    [
        (lines(ROWS), "source=shop", 400, "licence"),
        (b"", "licence=x", 400, "empty"),
        (b"\x00\x01nonsense", "licence=x", 400, ""),
        (lines([{"a": 1, "b": 2}]), "licence=x", 400, "preset"),
        (lines(ROWS), "licence=x&kind=people", 400, "kind"),
        (lines(ROWS), "licence=x&preset=nil", 400, "preset"),
        (lines(ROWS), "licence=x&project=boots", 400, "Unknown field"),
        (lines(ROWS), "licence=x&column=query=password", 400, "column"),
        (lines(ROWS), "licence=x&scale=nil", 409, "nil"),
    ],
)
def test_a_file_that_cannot_go_in_is_refused_and_nothing_of_it_is_kept(
    body: bytes, query: str, status: int, said: str, program: Program
) -> None:
    answer = send(program, body, query)
    assert answer.status_code == status
    assert said in program.told(answer)
    assert not Import.objects.exists()


def test_columns_that_no_preset_knows_are_named(program: Program) -> None:
    rows = [{"suchwort": "red dress", "nummer": "d1", "titel": "Red dress"}]
    assert send(program, lines(rows)).status_code == 400
    named = "licence=x&column=suchwort=query&column=nummer=item_id&column=titel=title"
    answer = send(program, lines(rows), named)
    assert answer.status_code == 201, answer.content
    work(answer.json()["import"])
    assert Pair.objects.get().query.text == "red dress"


def test_a_program_is_asked_for_the_column_that_looks_like_who_judged_in_its_own_words(program: Program) -> None:
    rows = [{**ROWS[0], "label": label, "annotator": who} for label, who in (("L4", "ann"), ("L1", "bob"))]
    answer = send(program, lines(rows))
    assert answer.status_code == 400
    assert "column=annotator=rater" in program.told(answer) and "--" not in program.told(answer)
    work(send(program, lines(rows), "licence=x&column=annotator=rater").json()["import"])
    assert program.get(f"/api/p/shoes/imports/{Import.objects.get().pk}/").json()["ratings"] == 2
    assert send(program, lines(rows), "licence=x&column=annotator=").status_code == 201


def test_a_file_in_another_scale_than_the_projects_is_a_conflict(program: Program, project: Project) -> None:
    make_pair(project=project)
    answer = send(program, lines([{**row, "label": "E", "label_scale": "esci-4"} for row in ROWS]))
    assert answer.status_code == 409
    assert not Import.objects.filter(state="queued", file_name="upload").exists()


GRADES = [{**row, "label": label} for row, label in zip(ROWS, (3, "3.0", 0), strict=True)]


def test_grades_that_nobody_has_explained_are_asked_and_nothing_is_kept(program: Program) -> None:
    answer = send(program, lines(GRADES))
    said = answer.json()
    assert (answer.status_code, said["code"]) == (409, "labels_unmapped")
    assert said["labels"] == {
        "scale": "lore-4",
        "labels": ["L1", "L2", "L3", "L4"],
        "values": [{"value": "3", "count": 2, "label": None}, {"value": "0", "count": 1, "label": None}],
    }
    assert not Import.objects.exists()


def test_what_the_request_says_of_labels_is_followed_and_told(program: Program) -> None:
    labels = {"3": "L4", "0": ""}
    answer = send(program, lines(GRADES), f"licence=x&labels={quote(json.dumps(labels))}")
    assert answer.status_code == 201, answer.content
    work(answer.json()["import"])
    assert sorted(Pair.objects.values_list("gold_label", flat=True)) == ["", "L4", "L4"]
    state = program.get(answer["Location"]).json()
    assert (state["labels_by"], state["waits_for_labels"]) == ("call", False)
    assert state["labels"] == [{"value": "3", "count": 2, "label": "L4"}, {"value": "0", "count": 1, "label": ""}]


@pytest.mark.parametrize("labels", ["[1]", "{", '{"3": 4}', '{"3": "L9"}', '{"3": "4"}', "[" * 3000])
def test_labels_that_are_none_are_refused(program: Program, labels: str) -> None:
    answer = send(program, lines(GRADES), f"licence=x&labels={quote(labels)}")
    assert answer.status_code == 400
    assert "label" in program.told(answer)
    assert not Import.objects.exists()


def test_a_file_too_large_to_be_counted_at_once_waits_where_a_value_turns_up_later(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "COUNTING_SECONDS", 0.0)
    rows = [{"query": "red dress", "item_id": f"d{n}", "title": "Red dress", "label": "L4"} for n in range(1500)]
    rows[-1]["label"] = "5"
    answer = send(program, lines(rows))
    assert answer.status_code == 201, answer.content
    work(answer.json()["import"])
    state = program.get(answer["Location"]).json()
    assert (state["state"], state["waits_for_labels"], state["read"], Pair.objects.count()) == ("queued", True, 0, 0)
    assert state["labels"][-1] == {"value": "5", "count": 1, "label": None}


def test_a_file_that_is_too_large_is_refused_before_it_is_read(program: Program, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100
    assert send(program, lines(ROWS)).status_code == 413
    form = {"file": SimpleUploadedFile("pairs.jsonl", lines(ROWS)), "licence": "x"}
    assert program.post("/api/p/shoes/imports/", form).status_code == 413
    huge = SimpleUploadedFile("pairs.jsonl", b"x" * 200_000)
    assert program.post("/api/p/shoes/imports/", {"file": huge, "licence": "x"}).status_code == 413
    assert not Import.objects.exists()


def test_a_body_in_chunks_or_cut_off_is_refused(program: Program) -> None:
    answer = program.post(
        "/api/p/shoes/imports/?licence=x", lines(ROWS), "application/x-ndjson", headers={"Transfer-Encoding": "chunked"}
    )
    assert answer.status_code == 400
    with pytest.raises(CutOff):
        collect(io.BytesIO(b"half"), "x", announced=8, most=100)
    with pytest.raises(TooLarge):
        collect(io.BytesIO(b"whole"), "x", announced=101, most=100)
    assert not Import.objects.exists()


def test_a_run_is_started_and_watched(program: Program, project: Project) -> None:
    refused = program.post("/api/p/shoes/runs/", b"", "application/json")
    sentence = refused.json()["error" if program.root == "/api/" else "detail"]
    assert (refused.status_code, refused.json()["code"]) == (409, "no_rules")
    assert sentence.startswith("There are no rules")
    publish_pack([spec("R-080")])
    assert program.post("/api/p/shoes/runs/", b"{}", "application/json").status_code == 409  # no pairs
    make_pair(project=project)
    answer = program.post("/api/p/shoes/runs/", b'{"only": "missing"}', "application/json")
    assert answer.status_code == 201, answer.content
    run = PrelabelRun.objects.get()
    state = program.get(answer["Location"]).json()
    assert (state["run"], state["pairs"], state["done"], state["ended"]) == (run.pk, 1, 0, False)
    assert program.post("/api/p/shoes/runs/", b'{"only": "some"}', "application/json").status_code == 400
    assert program.post("/api/p/shoes/runs/", b'{"model": "nil"}', "application/json").status_code == 400
    assert program.post("/api/p/shoes/runs/", b'{"samples": 0}', "application/json").status_code == 400
    assert program.post("/api/p/shoes/runs/", b'{"model": "\\u0000\\ud800"}', "application/json").status_code == 400


def test_an_export_is_requested_watched_and_fetched_once_sealed(program: Program, project: Project, cast: Cast) -> None:
    work(send(program, lines(ROWS)).json()["import"])
    answer = program.post("/api/p/shoes/exports/", b'{"kind": "labels"}', "application/json")
    assert answer.status_code == 201, answer.content
    export, address = Export.objects.get(), answer["Location"]
    assert answer.json()["files"] == []
    assert program.get(f"{address}files/labels.jsonl").status_code == 409
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    state = program.get(address).json()
    assert (state["ended"], state["rows"], [file["name"] for file in state["files"]]) == (
        True,
        3,
        ["labels.jsonl", "labels.csv"],
    )
    fetched = program.get(f"{address}files/labels.jsonl")
    assert len(b"".join(fetched.streaming_content).splitlines()) == 3
    assert b"".join(program.get(f"{address}files/{state['manifest']}").streaming_content).startswith(b"{")
    for absent in ("nil.jsonl", "..%2f..%2fsecret_key", "%00"):
        assert program.get(f"{address}files/{absent}").status_code == 404
    logged = AuditEvent.objects.filter(act="downloaded_export", actor=cast.lena)
    assert [event.detail["file"] for event in logged.order_by("pk")] == ["labels.jsonl", "manifest.json"]


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"kind": "people"}', b'{"kind": "labels", "hard_set": "nil"}', b'{"kind": "labels", "requested_by": 1}',
     b'{"kind": 1}', b'{"kind": "labels", "hard_set": "\\u0000"}', b'{"kind": "labels", "without_stale": "yes"}',
     b"[]", b"{", b"\xff", b"[" * 100_000],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_refused(body: bytes, program: Program, foreign_set: HardSet) -> None:
    answer = program.post("/api/p/shoes/exports/", body, "application/json")
    assert answer.status_code == 400 and program.told(answer)
    assert not Export.objects.exists()


@pytest.fixture
def foreign_set(project: Project) -> HardSet:
    boots = Project.objects.create(slug="boots", name="Boots")
    return HardSet.objects.create(project=boots, name="autumn", frozen_at="2026-01-01T00:00Z")


def test_a_hard_set_of_another_project_is_none(program: Program, foreign_set: HardSet) -> None:
    body = b'{"kind": "labels", "hard_set": "autumn"}'
    assert program.post("/api/p/shoes/exports/", body, "application/json").status_code == 400


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    answer = program.post("/api/p/shoes/runs/", b" " * 3_000_000, "application/json")
    assert answer.status_code == 413 and program.told(answer)


def test_a_bad_case_is_opened_for_a_query_and_an_item(program: Program, project: Project, cast: Cast) -> None:
    pair = make_pair(project=project, query="red dress")
    asked = {"query": "  red   dress ", "item": pair.item.external_id, "cause": "ranking", "note": "second place"}
    answer = program.post("/api/p/shoes/bad-cases/", json.dumps(asked), "application/json")
    assert answer.status_code == 201, answer.content
    case = BadCase.objects.get()
    assert (case.pair, case.reported_by, case.cause) == (pair, cast.lena, "ranking")
    assert program.post("/api/p/shoes/bad-cases/", json.dumps(asked), "application/json").json()["bad_case"] == case.pk
    unknown = json.dumps({**asked, "item": "nil"})
    assert program.post("/api/p/shoes/bad-cases/", unknown, "application/json").status_code == 404
    odd = json.dumps({**asked, "cause": "weather", "note": "\x00"})
    assert program.post("/api/p/shoes/bad-cases/", odd, "application/json").status_code == 400


def test_a_bad_case_names_the_locale_where_the_project_has_more_than_one(program: Program, project: Project) -> None:
    us, es = (make_pair(project=project, query="samsung", locale=one, external_id=one) for one in ("us", "es"))
    Item.objects.filter(project=project).update(external_id="B2")

    def reported(**told: str | None) -> Any:
        body = json.dumps({"query": "samsung", "item": "B2", **told})
        return program.post("/api/v1/p/shoes/bad-cases/", body, "application/json")

    refusal = reported()
    assert (refusal.status_code, refusal.json()["code"]) == (409, "locale_needed")
    assert refusal.json()["errors"] == [{"field": "locale", "detail": "Name the locale: the project has es, us."}]
    assert reported(locale=None).content == refusal.content
    assert [reported(locale=one).json()["pair"] for one in ("us", "es")] == [us.pk, es.pk]
    assert reported(locale="jp").json()["code"] == "no_pair"


def test_a_bad_case_finds_an_item_of_before_locales_and_its_own_first(program: Program, project: Project) -> None:
    old = make_pair(project=project, query="mug", locale="us", item=make_item(project=project, external_id="B1"))
    body = json.dumps({"query": "mug", "item": "B1"})
    assert program.post("/api/v1/p/shoes/bad-cases/", body, "application/json").json()["pair"] == old.pk
    own = make_item(project=project, external_id="B1", locale="us")
    new = make_pair(project=project, query="mug", locale="us", item=own)
    assert program.post("/api/v1/p/shoes/bad-cases/", body, "application/json").json()["pair"] == new.pk


def test_what_is_another_projects_is_absent(program: Program, cast: Cast) -> None:
    boots = Project.objects.create(slug="boots", name="Boots")
    theirs = make_pair(project=boots, query="red boots")
    export = Export.objects.create(project=boots, kind="labels")
    for path in (f"imports/{theirs.batch_id}/", f"imports/{theirs.batch_id}/rejected/", f"exports/{export.pk}/"):
        assert program.get(f"/api/p/shoes/{path}").status_code == 404
    body = json.dumps({"query": "red boots", "item": theirs.item.external_id})
    assert program.post("/api/p/shoes/bad-cases/", body, "application/json").status_code == 404


def test_what_a_program_does_is_logged_under_its_issuer_with_its_token(program: Program, cast: Cast) -> None:
    send(program, lines(ROWS))
    events = AuditEvent.objects.filter(act__startswith="import.")
    assert {event.act for event in events} == {"import.uploaded", "import.confirmed"}
    prefix = tokens.tokens_of(Project.objects.get(slug="shoes"))[0].prefix
    assert {(event.actor, event.detail["token"]) for event in events} == {(cast.lena, f"nightly ({prefix})")}


def test_what_a_person_does_names_no_token(program: Program, project: Project, cast: Cast, client_for: Any) -> None:
    send(program, lines(ROWS))
    client_for(cast.lena).post("/p/shoes/exports/", {"kind": "labels"})
    assert "token" not in AuditEvent.objects.get(act="requested_export").detail
