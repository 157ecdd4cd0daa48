"""What new projects start with: a system admin says it on a page or by a command, and the installation's log tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalogue.evidence import lexicons
from inference.models import ActiveModel, ModelVersion, PrelabelRun
from inference.registry import registry
from projects import creating
from projects.models import AuditEvent, Person, Project
from tests.conftest import Cast
from tests.world.rows import activate, make_model, make_pair, make_prediction, make_rule_base

pytestmark = pytest.mark.django_db

ClientFor = Callable[[Person], Client]
PAGE = "/models/"


@pytest.fixture
def root(cast: Cast, client_for: ClientFor) -> Client:
    return client_for(cast.root)


def founded(cast: Cast, name: str) -> Project:
    return creating.found(name, name.lower(), "lore-4", cast.lena.username, actor=cast.root)


def acts() -> list[tuple[str, Any, Any]]:
    rows = AuditEvent.objects.filter(act="model.default", project=None).order_by("pk")
    return [(str(row.actor), row.detail["model"], row.detail["instead_of"]) for row in rows]


def test_new_projects_start_with_what_a_system_admin_says_and_those_that_exist_keep_theirs(
    project: Project, cast: Cast, root: Client
) -> None:
    old, new = make_model(name="old", learnt=True), make_model(name="new", learnt=True)
    activate(model=old, project=project)
    assert root.post(PAGE, {"model": new.pk}).status_code == 302
    assert registry.active(project) == old
    assert registry.active(founded(cast, "Hats")) == new
    assert acts() == [("Root", str(new), "")]
    page = root.get(PAGE).content.decode()
    assert "Let new projects start with the cold start" in page
    assert "Shoes" in page  # where the other answers


def test_new_projects_start_with_the_cold_start_again(cast: Cast, root: Client) -> None:
    model = make_model(name="new", learnt=True)
    registry.make_default(model, cast.root)
    for _ in range(2):  # clicked twice: once is enough
        assert root.post(PAGE, {"none": "judge"}).status_code == 302
    assert registry.default() is None
    assert not ActiveModel.objects.filter(project=founded(cast, "Hats")).exists()
    assert acts()[1:] == [("Root", "", str(model))]


def test_a_cold_start_as_the_default_is_none(cast: Cast, root: Client) -> None:
    """A row of it would be one rule base's: the next project may be judged by others."""
    cold = registry.cold_start(())
    registry.make_default(make_model(name="new", learnt=True), cast.root)
    root.post(PAGE, {"model": cold.pk})
    assert registry.default() is None
    assert ActiveModel.objects.filter(project=None).count() == 0


def test_a_model_of_another_role_is_said_and_forgotten_beside_the_judge(cast: Cast, root: Client) -> None:
    judge, captioner = make_model(name="judge", learnt=True), make_model(name="reader", role="captioner", learnt=True)
    for model in (judge, captioner):
        root.post(PAGE, {"model": model.pk})
    root.post(PAGE, {"none": "captioner"})
    assert registry.defaults() == {"judge": judge}


@pytest.mark.parametrize("fields", [{}, {"model": "x"}, {"model": "987654321"}, {"none": "boss"}])
def test_what_is_no_model_changes_nothing(root: Client, fields: dict[str, str]) -> None:
    make_model(name="new", learnt=True)
    assert root.post(PAGE, fields).status_code == 404
    assert registry.default() is None


def test_a_retired_model_is_not_offered(root: Client) -> None:
    model = make_model(name="gone", learnt=True, state="retired")
    assert "gone" not in root.get(PAGE).content.decode()
    assert root.post(PAGE, {"model": model.pk}).status_code == 404


def test_names_of_archived_projects_are_not_listed(project: Project, cast: Cast, root: Client) -> None:
    activate(model=make_model(name="old", learnt=True), project=project)
    assert "Shoes" in root.get(PAGE).content.decode()
    Project.objects.filter(pk=project.pk).update(archived_at="2020-01-01T00:00Z")
    assert "Shoes" not in root.get(PAGE).content.decode()


def test_the_page_asks_no_more_of_the_database_with_more_models(
    project: Project, root: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        activate(model=make_model(name=f"model-{number}", learnt=True), project=project)
    root.get(PAGE)
    with django_assert_max_num_queries(14):  # four roles' defaults, models, projects, session and person
        root.get(PAGE)


def test_the_command_says_forgets_and_tells(
    cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*arguments: str) -> dict[str, Any]:
        call_command("default_model", *arguments)
        answered: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return answered

    model = make_model(name="new", learnt=True)
    nothing = {"role": "judge", "default": None, "revision": None}
    said = {"role": "judge", "default": "new", "revision": model.revision}
    assert [told(), told("new"), told(), told("--none"), told()] == [nothing, said, said, nothing, nothing]
    for wrong, code in ((["unheard"], 1), (["new", "--none"], 2)):
        with pytest.raises(SystemExit) as ended:
            call_command("default_model", *wrong)
        assert ended.value.code == code


# candidates, and what a promotion changes


def run_of(project: Project, model: ModelVersion) -> PrelabelRun:
    lexicon = lexicons.up_to_date(project)
    return PrelabelRun.objects.create(project=project, model=model, rule_base=make_rule_base(), lexicon=lexicon)


def test_a_run_with_another_model_says_that_it_is_a_candidates(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    make_pair(project=project)
    active, candidate = make_model(name="ours", learnt=True), make_model(name="theirs", learnt=True)
    activate(model=active, project=project)
    max_ = client_for(cast.max)
    page = max_.get("/p/shoes/runs/").content.decode()
    listed = page[page.index("<optgroup") : page.index("</optgroup>")]
    assert ("theirs" in listed, "distilled" in listed, "ours" in listed) == (True, True, False)
    assert "on no card and in no figure" in page
    runs = [run_of(project, model) for model in (active, candidate)]
    told = ["does not answer in this project" in max_.get(f"/p/shoes/runs/{run.pk}/").content.decode() for run in runs]
    assert told == [False, True]


def test_where_nobody_has_judged_yet_the_cold_start_is_no_candidate(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    make_pair(project=project)
    page = client_for(cast.max).get("/p/shoes/runs/").content.decode()
    assert '<option value="distilled">' in page
    assert "<optgroup" not in page


def test_promoting_says_what_it_changes(project: Project, cast: Cast, client_for: ClientFor) -> None:
    pairs = [make_pair(project=project, query=f"mug {n}") for n in range(3)]
    candidate = make_model(name="theirs", learnt=True)
    run = run_of(project, candidate)
    activate(model=make_model(name="ours", learnt=True), project=project)
    address, max_ = f"/p/shoes/models/{candidate.pk}/", client_for(cast.max)
    assert "No pair of this project carries its predictions yet" in max_.get(address).content.decode()
    for pair, status in zip(pairs, ("ok", "ok", "invalid"), strict=True):
        reason = {"reason": "no_json"} if status == "invalid" else {}
        said = make_prediction(pair=pair, model=candidate, active=False, status=status, **reason)
        run.jobs.create(pair=pair, snapshot=said.snapshot, prediction=said, state="done")
    page = max_.get(address).content.decode()
    assert "2 pairs of this project carry its predictions" in page
    assert "compared with it anew" in page
    assert "carry its predictions" not in client_for(cast.ada).get(address).content.decode()  # who may not promote
