"""The text of a query is erased: it stands in no row any more, judgments are where they were, nobody is asked about it again."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from annotation.curation import exporting, sealing
from annotation.curation.sealing import SealedFile
from annotation.models import BadCase, BadCaseNote, Export, Judgment, MoreJudgments, Slot
from annotation.pairs import erasing
from catalogue import words
from catalogue.evidence import grids
from catalogue.models import CellCorrection, Image, Import, Query, QueryReading, ReadingCorrection, Rejection
from database.statements import run
from inference.models import Caption, KnowledgeCard, KnowledgeRevision, PrelabelJob, QueryGuideline
from inference.prelabel import runs
from jobs import leasing
from projects.models import AuditEvent, Person, Project
from relevance.constraints import Constraint
from relevance.dimensions import Dimension
from tests.conftest import Cast, FreshDatabase
from tests.world.rows import (
    make_import,
    make_item,
    make_judgment,
    make_model,
    make_pair,
    make_prediction,
    make_rule_base,
    make_slots,
    make_trial,
)
from tests.world.searching import tables_with

ClientFor = Callable[[Person], Client]
TEXT = 'Gift for Jane "JJ" Doe, 5 Elm Road (red mug?)'


@pytest.fixture
def told(project: Project, cast: Cast) -> Query:
    """A query whose text was taken everywhere that it may go, and another whose pairs say nothing of it."""
    batch = make_import(project=project)
    pair = make_pair(project=project, query=TEXT, batch=batch, external_id=f"{TEXT} 1")
    make_slots(pair=pair, count=2)
    make_judgment(pair=pair, by=cast.ben, label="L3", note=f"who asks for {TEXT.upper()} wants a mug")
    prediction = make_prediction(pair=pair, label="L3")
    assert prediction.chain is not None
    trial = make_trial(pair=pair, by=cast.max, model=make_model())
    type(trial).objects.filter(pk=trial.pk).update(raw=TEXT, rendered=[{"name": "query", "text": TEXT, "tokens": 9}])
    grid = grids.grid_of(pair, pair.facts() and pair.item.current_snapshot)
    wish = Constraint(Dimension.CATEGORY, TEXT, TEXT.lower(), head=True).to_json()
    reading = QueryReading.objects.create(query=pair.query, origin="person", version="1", body=[wish])
    ReadingCorrection.objects.create(query=pair.query, reading=reading, by=cast.ben)
    said = {"dimension": "category", "source": "title", "verdict": "match", "text": "5 Elm Road", "literal": "elm"}
    CellCorrection.objects.create(pair=pair, grid=grid, by=cast.ben, **said)
    QueryGuideline.objects.create(query=pair.query, revision=1, intent=TEXT, required=[TEXT], written_by=cast.lena)
    Image.objects.create(project=project, sha256="a" * 64, width=1, height=1, bytes=4)
    Caption.objects.create(
        image_sha256="a" * 64, question_sha256="b" * 64, question=f"Of {TEXT}", text="a mug", model=make_model()
    )
    card = KnowledgeCard.objects.create(
        project=project, kind="top_clicked", key=TEXT, key_folded=TEXT.lower(), text=TEXT
    )
    KnowledgeRevision.objects.create(card=card, number=1, text=TEXT, written_by=cast.lena)
    Rejection.objects.create(
        batch=batch,
        row=2,
        field="query",
        reason="odd",
        raw=json.dumps({"query": "x"}) + TEXT,
        told={"message": "odd: %(text)s", "values": {"text": TEXT}},
    )
    Import.objects.filter(pk=batch.pk).update(
        report={"columns": [{"name": "q", "becomes": "query", "row": 1, "examples": [TEXT]}]}
    )
    case = BadCase.objects.create(project=project, pair=pair, snapshot=pair.item.current_snapshot, reported_by=cast.ana)
    BadCaseNote.objects.create(bad_case=case, author=cast.ana, act="note", text=f"odd: {TEXT}")
    MoreJudgments.objects.create(
        key=uuid.uuid4(), project=project, more=1, most=1, chosen={"text": TEXT}, asked_by=cast.lena
    )
    AuditEvent.objects.create(project=project, act="of.before", detail={"query": TEXT})
    words.read_some()
    other = make_pair(project=project, query="red mug for her", batch=batch)
    make_judgment(pair=other, by=cast.ben, label="L3", note="Jane would like it")
    return pair.query


@pytest.mark.django_db
def test_no_table_holds_the_text_any_more_and_every_judgment_is_there(told: Query) -> None:
    before = tables_with("Elm Road")
    assert len(before) > 12, before
    labels = list(Judgment.objects.order_by("pk").values_list("label", "judge", "pair"))
    marker = erasing.erase(told, files=False, actor=None)
    assert tables_with("Elm Road") == {} and tables_with("elm") == {}
    assert list(Judgment.objects.order_by("pk").values_list("label", "judge", "pair")) == labels
    assert Query.objects.get(pk=told.pk).text == marker == f"[erased query {told.pk}]"
    assert Judgment.objects.get(pair__query=told).note == f"who asks for {marker} wants a mug"
    assert Judgment.objects.exclude(pair__query=told).get().note == "Jane would like it"


@pytest.mark.django_db
def test_nobody_is_asked_about_it_and_no_export_and_no_run_holds_it(project: Project, told: Query, cast: Cast) -> None:
    make_rule_base()
    erasing.erase(told, files=False, actor=cast.lena)
    assert set(Slot.objects.filter(pair__query=told).values_list("state", flat=True)) == {"closed"}
    run_ = runs.start_run(project, None, runs.Wish(model="distilled"))
    assert PrelabelJob.objects.filter(run=run_, pair__query=told).count() == 0
    chosen, _left_out, _splits = exporting.moment(Export(project=project, kind="labels"))
    assert sum(len(some.pairs) for some in chosen) == 1


@pytest.mark.django_db
def test_a_lead_erases_it_from_the_page_of_its_pair_and_its_pages_answer(
    project: Project, told: Query, cast: Cast, client_for: ClientFor
) -> None:
    lena, page = client_for(cast.lena), f"/p/shoes/queries/{told.pk}/erase/"
    pair = told.pairs.get()
    assert page in lena.get(f"/p/shoes/pairs/{pair.pk}/").content.decode()
    shown = lena.get(page).content.decode()
    assert "Elm Road" in shown and "There is none." in shown
    assert client_for(cast.ada).get(page).status_code in {403, 404}
    assert lena.post(page).status_code == 302 and lena.post(page).status_code == 409
    for address in (f"/p/shoes/pairs/{pair.pk}/", "/p/shoes/pairs/", "/p/shoes/audit/", "/p/shoes/knowledge/"):
        answer = lena.get(address)
        assert answer.status_code == 200 and "Elm Road" not in answer.content.decode()
    assert AuditEvent.objects.get(act="query.erased").actor == cast.lena


@pytest.mark.django_db
def test_files_that_hold_it_go_when_asked_for(project: Project, told: Query) -> None:
    place = default_storage.save("imports/x", ContentFile(TEXT.encode()))
    Import.objects.filter(project=project).update(stored_as=place)
    export = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    sealed = f"{export.folder}/labels.jsonl"
    with default_storage.open(sealed) as file:
        assert b"Elm Road" in file.read()
    out = StringIO()
    call_command("erase_query", "--project", "shoes", "--query", TEXT, "--files", stdout=out, stderr=StringIO())
    answer = json.loads(out.getvalue())
    assert (answer["erased"], answer["exports"], answer["uploads"]) == ([f"[erased query {told.pk}]"], 1, 1)
    assert not default_storage.exists(place) and not default_storage.exists(sealed)


@pytest.mark.django_db
def test_what_items_say_and_short_words_that_are_only_quoted_stay(project: Project, cast: Cast) -> None:
    batch = make_import(project=project)
    pair = make_pair(
        project=project, query="mug", item=make_item(project=project, batch=batch, title="mug"), batch=batch
    )
    kept = make_judgment(pair=pair, by=cast.ben, note="no mug")
    erasing.erase(pair.query, files=False, actor=None)
    kept.refresh_from_db()
    pair.item.refresh_from_db()
    assert pair.item.current_snapshot is not None
    assert (kept.note, pair.item.current_snapshot.title) == ("no mug", "mug")


@pytest.mark.django_db
def test_the_door_erases_once_and_is_the_only_way(told: Query) -> None:
    erasing.erase(told, files=False, actor=None)
    with pytest.raises(DatabaseError, match="is there to be erased"), transaction.atomic():
        run("SELECT erase_query(%s)", told.pk)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lore.forgetting', 'on', true)")
        cursor.execute("UPDATE annotation_judgment SET note = ''")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["picture", "mug"])
def test_captions_go_with_the_query_of_their_project_alone(project: Project, text: str) -> None:
    """Every question holds the first; the second is too short to be looked for in what others say."""
    made, foreign = {}, Project.objects.create(slug="boots", name="Boots")
    for place, one in enumerate((project, foreign)):
        made[one.slug] = Caption.objects.create(
            image_sha256=f"{place:064x}",
            question_sha256="b" * 64,
            question=f"Of {text}: what does the picture show?",
            text="red",
            model=make_model(),
        )
        make_prediction(pair=make_pair(project=one, query=text), caption=made[one.slug])
    query = Query.objects.get(project=project)
    marker = erasing.erase(query, files=False, actor=None)
    told = {slug: Caption.objects.get(pk=one.pk).text for slug, one in made.items()}
    assert told == {project.slug: marker, foreign.slug: "red"}


@pytest.mark.django_db
@pytest.mark.parametrize("known", [True, False], ids=["it runs", "it was asked for meanwhile"])
def test_an_export_under_way_is_begun_anew_and_never_sealed_with_the_text(
    project: Project, told: Query, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    export = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    store = sealing.store

    def erased_meanwhile(folder: str, files: Iterable[SealedFile]) -> None:
        monkeypatch.setattr(sealing, "store", store)
        if not known:  # as to an erasing that began before it was asked for
            monkeypatch.setattr(leasing, "begin_anew", lambda rows: 0)
        erasing.erase(told, files=False, actor=None)
        store(folder, files)

    monkeypatch.setattr(sealing, "store", erased_meanwhile)
    exporting.work(export.pk, token)
    export.refresh_from_db()
    assert (export.state, export.folder) == ("queued", "")
    assert not default_storage.exists(f"exports/{export.pk}/{token.hex}/labels.jsonl")
    again = leasing.claim(Export, export.pk)
    assert again is not None
    exporting.work(export.pk, again)
    export.refresh_from_db()
    with exporting.open_file(export, "labels.jsonl") as file:
        assert export.state == "done" and b"Elm Road" not in file.read()


def test_a_real_export_that_runs_while_its_query_is_erased_tells_nothing_of_it(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes' worth: one writes and waits within, the other erases and is done before it goes on."""
    project = Project.objects.create(slug="shoes", name="Shoes")
    batch = make_import(project=project)
    for text in (TEXT, "red mug"):
        pair = make_pair(project=project, query=text, batch=batch)
        make_judgment(pair=pair, by=f"rater of {text[:3]}", label="L3")
    export = exporting.request_export(project, "labels", None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    written, erased, store = threading.Event(), threading.Event(), sealing.store

    def waiting(folder: str, files: Iterable[SealedFile]) -> None:
        written.set()
        assert erased.wait(60)
        store(folder, files)

    def write() -> None:
        try:
            exporting.work(export.pk, token)
        finally:
            connection.close()

    monkeypatch.setattr(sealing, "store", waiting)
    worker = threading.Thread(target=write)
    worker.start()
    assert written.wait(60)
    erasing.erase(Query.objects.get(text=TEXT), files=True, actor=None)
    erased.set()
    worker.join(60)
    export.refresh_from_db()
    assert export.state == "queued" and exporting._attempts(export.pk) == []
