"""A project that is deleted: nothing of it is left in any table or folder, and nothing of any other is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.test import Client

from annotation.curation import exporting
from annotation.models import Export
from catalogue.models import Image, Import, Pair
from catalogue.pictures import images
from database import locks
from database.statements import rows, run
from inference.models import ActiveModel, Caption, LearntModel
from inference.registry import putting_back, registry, runnable
from jobs import leasing
from projects import archiving, deleting, rows_of_project
from projects.models import AuditEvent, Deletion, Person, Project
from projects.refusals import Refused
from tests.conftest import Cast, FreshDatabase
from tests.world import installation
from tests.world.columns import tables
from tests.world.project import picture
from tests.world.rows import make_import, make_judgment, make_model, make_pair, make_prediction, make_rule_base

ClientFor = Callable[[Person], Client]


def everything(model: type[models.Model]) -> set[tuple[Any, ...]]:
    return {tuple(map(str, row)) for row in model._default_manager.values_list()}


def belonging(project: Project) -> dict[type[models.Model], set[tuple[Any, ...]]]:
    return {
        model: {
            tuple(map(str, row))
            for row in model._default_manager.filter(**{rows_of_project.lookup(model): project}).values_list()
        }
        for model in rows_of_project.paths()
    }


def lesson_of(project: Project) -> LearntModel:
    return LearntModel.objects.create(
        version=make_model(name="learnt"), project=project, source="gold", body=b"", report={}
    )


def delete(project: Project) -> None:
    archiving.archive(project, actor=None)
    deleting.to_the_end(deleting.ask(project, typed=project.slug, actor=None))


def test_every_row_of_the_project_goes_and_none_of_another(fresh_database: FreshDatabase) -> None:
    world = installation.build()
    project = world.projects["own"]
    lesson_of(project)
    archiving.archive(project, actor=None)
    own, before = belonging(project), {model: everything(model) for model in tables()}
    assert {model.__name__ for model, found in own.items() if not found} <= {"PromptChoice"}
    delete(project)
    after = {model: everything(model) for model in tables()}
    own[Project] = {row for row in before[Project] if row[0] == str(project.pk)}
    changed = {}
    for model in tables():
        gone, new = before[model] - after[model], after[model] - before[model]
        if gone != own.get(model, set()) or new:
            changed[model.__name__] = (gone - own.get(model, set()), own.get(model, set()) - gone, new)
    assert set(changed) == {"AuditEvent", "ModelVersion", "Caption"}
    assert [row[4] for row in changed["AuditEvent"][2]] == ["project.deletion_asked", "project.deleted"] or len(
        changed["AuditEvent"][2]
    ) == 2
    assert not changed["AuditEvent"][0]
    assert {row[0] for row in changed["ModelVersion"][0]} == {row[0] for row in changed["ModelVersion"][2]}  # retired
    assert {row[0] for row in changed["Caption"][0]} == {row[0] for row in changed["Caption"][2]}  # empty
    assert rows("SELECT count(*) FROM pg_class WHERE relname LIKE 'deleting%%'") == [(0,)]


def test_every_table_that_leads_to_a_project_is_walked_and_each_step_frees_the_next() -> None:
    walked = {step.model for step in rows_of_project.steps() if not step.lets_go}
    every = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    led = {*walked, Project}
    pointing = {model for model in every if any(key.related_model in led for key in rows_of_project.keys(model))}
    assert pointing - {Deletion} == walked
    left = [step.model for step in rows_of_project.steps() if not step.lets_go]
    freed = {(step.model, step.lets_go) for step in rows_of_project.steps() if step.lets_go}
    for place, model in enumerate(left):
        behind = [
            (other, key.column)
            for other in left[place:]
            for key in rows_of_project.keys(other)
            if key.related_model is model
        ]
        assert set(behind) <= freed, model


@pytest.fixture
def filed(project: Project, foreign: Project, cast: Cast) -> Iterator[dict[str, str]]:
    """Files of ours and of another project; one picture is of both."""
    named = {}
    for one in (project, foreign):
        make_judgment(pair=make_pair(project=one), by=cast.ben, label="L1")
        named[f"upload {one.slug}"] = default_storage.save("imports/x", ContentFile(b"rows"))
        Import.objects.create(
            project=one, kind="pairs", file_name="x", stored_as=named[f"upload {one.slug}"], state="done"
        )
        export = exporting.request_export(one, "labels", None)
        token = leasing.claim(Export, export.pk)
        assert token is not None
        exporting.work(export.pk, token)
        export.refresh_from_db()
        named[f"export {one.slug}"] = f"{export.folder}/labels.jsonl"
        for sha256 in (f"{one.pk:064x}", "f" * 64):
            Image.objects.create(project=one, sha256=sha256, width=1, height=1, bytes=4)
            key = images.storage_key(sha256, "large")
            named[f"picture {one.slug if sha256[0] != 'f' else 'of both'}"] = key
            if not default_storage.exists(key):
                default_storage.save(key, ContentFile(b"webp"))
    yield named


@pytest.mark.django_db
def test_its_files_go_and_those_of_others_stay(project: Project, foreign: Project, filed: dict[str, str]) -> None:
    assert all(map(default_storage.exists, filed.values()))
    delete(project)
    left = {name for name, place in filed.items() if default_storage.exists(place)}
    assert left == {name for name in filed if foreign.slug in name or name == "picture of both"}


@pytest.fixture
def both(fresh_database: FreshDatabase) -> tuple[Project, Project, str]:
    """A project that has a picture, one that has none, and where its bytes are."""
    leaving, staying = (Project.objects.create(slug=slug, name=slug) for slug in ("leaving", "staying"))
    image, _new = images.add(leaving, "blue.png", picture(7))
    return leaving, staying, images.storage_key(image.sha256, "large")


def beside(act: Callable[[], object]) -> Thread:
    def on_a_connection_of_its_own() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=on_a_connection_of_its_own)
    thread.start()
    thread.join(1)
    return thread


def test_a_picture_that_another_project_is_adding_meanwhile_keeps_its_bytes(both: tuple[Project, Project, str]) -> None:
    leaving, staying, place = both
    with transaction.atomic():
        images.add(staying, "blue.png", picture(7))
        removing = beside(lambda: images.remove_all_of(leaving))
    removing.join(60)
    assert default_storage.exists(place)
    delete(leaving)
    assert default_storage.exists(place) and Image.objects.get().project == staying


def test_a_picture_that_is_added_while_it_is_removed_is_stored_anew(both: tuple[Project, Project, str]) -> None:
    leaving, staying, place = both
    with locks.alone(images._removing(Image.objects.get().sha256)):
        adding = beside(lambda: images.add(staying, "blue.png", picture(7)))
        assert adding.is_alive()  # waits for us
        images._remove(leaving, [Image.objects.get().sha256])
        assert not default_storage.exists(place)
    adding.join(60)
    assert default_storage.exists(place)


def test_of_two_projects_that_are_deleted_at_once_neither_keeps_the_bytes_for_the_other(
    both: tuple[Project, Project, str],
) -> None:
    leaving, staying, place = both
    images.add(staying, "blue.png", picture(7))
    asked = []
    for one in (leaving, staying):
        archiving.archive(one, actor=None)
        asked.append(deleting.ask(one, typed=one.slug, actor=None))
    images.remove_all_of(leaving)
    assert not default_storage.exists(place)
    for deletion in asked:
        deleting.to_the_end(deletion)


def caption(sha256: str, question: str, *, told: Project | None = None) -> Caption:
    made: Caption = Caption.objects.create(
        image_sha256=sha256, question_sha256=question, question=f"Of {question}", text="a mug", model=make_model()
    )
    if told is not None:
        make_prediction(pair=make_pair(project=told, query=question), caption=made)
    return made


@pytest.mark.django_db
def test_captions_that_only_the_project_has_say_nothing_any_more(project: Project, foreign: Project) -> None:
    Image.objects.create(project=project, sha256="a" * 64, width=1, height=1, bytes=4)
    own = [caption("a" * 64, "seen"), caption("b" * 64, "told", told=project)]
    others = [caption("a" * 64, "of another", told=foreign), caption("c" * 64, "of nobody")]
    with pytest.raises(DatabaseError, match="archived"), transaction.atomic():
        run("SELECT empty_captions_of(%s)", project.pk)
    delete(project)
    left = [(one.question, one.text) for one in Caption.objects.filter(pk__in=[one.pk for one in own])]
    assert left == [("", "")] * 2
    for one in others:
        assert Caption.objects.get(pk=one.pk).question == one.question


@pytest.mark.django_db
def test_only_an_archived_project_is_deleted_and_its_address_is_typed(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    root, lena, page = client_for(cast.root), client_for(cast.lena), f"/projects/{project.pk}/delete/"
    assert lena.get(page).status_code in {403, 404}
    assert root.post(page, {"typed": "shoes"}).status_code == 409
    archiving.archive(project, actor=cast.lena)
    assert "Type shoes to go on" in root.get(page).content.decode()
    assert root.post(page, {"typed": "Shoes"}).status_code == 422 and Project.objects.filter(pk=project.pk).exists()
    assert root.post(page, {"typed": "shoes"}).url == page
    assert "being deleted" in root.get(page).content.decode()
    with pytest.raises(Refused, match="nothing brings it back"):
        archiving.restore(project, actor=cast.lena)
    assert root.post(f"/projects/{project.pk}/", {"act": "restore"}).status_code == 409
    while deleting.go_on():
        pass
    assert not Project.objects.filter(pk=project.pk).exists()
    assert "It is gone" in root.get(page).content.decode()
    events = AuditEvent.objects.filter(object_kind="project", object_id=str(project.pk)).order_by("pk")
    assert [(one.act, one.actor, one.project, one.detail["slug"]) for one in events] == [
        ("project.deletion_asked", cast.root, None, "shoes"),
        ("project.deleted", cast.root, None, "shoes"),
    ]


@pytest.mark.django_db
def test_what_a_job_writes_behind_the_deletion_is_deleted_too(project: Project, cast: Cast) -> None:
    first = make_pair(project=project)
    archiving.archive(project, actor=None)
    deletion = deleting.ask(project, typed="shoes", actor=None)
    steps = [step.model for step in rows_of_project.steps()]
    while Deletion.objects.get().step < steps.index(type(first)):
        deleting.go_on()
    make_judgment(pair=first, by=cast.ben)
    make_pair(project=project, query="late", batch=make_import(project=project))
    deleting.to_the_end(deletion)
    assert not Project.objects.filter(pk=project.pk).exists() and not Pair.objects.exists()


@pytest.mark.django_db
def test_the_door_opens_for_no_project_that_is_not_to_be_deleted(project: Project, foreign: Project) -> None:
    make_pair(project=project)
    archiving.archive(project, actor=None)
    for one in (project, foreign):
        with pytest.raises(DatabaseError, match="is not one that is archived"), transaction.atomic():
            run("SELECT delete_of_project(%s, 0, 10)", one.pk)
    Deletion.objects.create(project=foreign)  # asked for past the activity, and in use
    with pytest.raises(DatabaseError, match="is not one that is archived"), transaction.atomic():
        run("SELECT delete_of_project(%s, 0, 10)", foreign.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("before", [False, True])
def test_a_project_goes_whatever_answers_elsewhere_and_there_answers_what_did_before(
    project: Project, foreign: Project, before: bool
) -> None:
    """Else whoever promotes its model elsewhere keeps it from being deleted."""
    make_rule_base()
    version = lesson_of(project).version
    earlier = make_model(name="earlier", learnt=True) if before else None
    for where in (foreign, None):
        ActiveModel.objects.filter(project=where).delete()
        ActiveModel.objects.create(project=where, model=version, before=earlier)
    delete(project)
    answers = registry.active(foreign)
    assert answers is not None and (answers == earlier if before else answers.cold_start)
    told = AuditEvent.objects.get(act="model.lost_its_lesson")
    assert (told.project, told.actor, told.detail["instead_of"]) == (foreign, None, str(version))
    assert registry.active(None) is None
    with pytest.raises(Refused, match="retired"):
        registry.promote(version, foreign, None)
    with pytest.raises(Refused):  # it could not answer any more
        putting_back.put_back(foreign, answers, None)


@pytest.mark.django_db
def test_a_model_without_its_lesson_is_refused_before_it_is_asked(project: Project) -> None:
    version = LearntModel.objects.create(
        version=make_model(engine="distilled", learnt=True), project=project, source="gold", body=b"", report={}
    ).version
    told = runnable.why_not(version)
    assert told is None or told.code == "other_revision"
    delete(project)
    refusal = runnable.why_not(version)
    assert refusal is not None and refusal.code == "lesson_gone"


@pytest.mark.django_db
def test_the_command_deletes_at_once(project: Project) -> None:
    make_pair(project=project)
    archiving.archive(project, actor=None)
    out = StringIO()
    call_command("delete_project", "shoes", "--typed", "shoes", stdout=out, stderr=StringIO())
    told = json.loads(out.getvalue())
    assert told["project"] == "shoes" and told["rows"] > 3 and not Project.objects.filter(slug="shoes").exists()
