"""A model is retired where it answers nowhere: nothing offers it any more, and what it has said stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from inference.models import LearntModel, ModelVersion
from inference.prompting import prompt_versions
from inference.registry import putting_back, registry, retiring
from projects.models import AuditEvent, Person, Project
from projects.refusals import Refused
from tests.conftest import Cast
from tests.world.rows import make_model, make_pair, make_prediction

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Person], Client]


@pytest.fixture
def model() -> ModelVersion:
    return registered()


def registered() -> ModelVersion:
    where = {"engine": "openai_server", "target": "http://model.example", "revision": "r1"}
    made, _new = registry.register_chat("lore", **where, role="judge", pictures="none", options={}, found={}, by=None)
    return made


def page(project: Project, model: ModelVersion, name: str = "model") -> str:
    return reverse(name, args=[project.slug, model.pk])


def under(model: ModelVersion, name: str) -> ModelVersion:
    """The row of the model under prompts of that name."""
    shipped = prompt_versions.active()
    templates = {**shipped.templates, "grade": f"One letter, please, {name}.\n"}
    return registry.with_prompt(model, prompt_versions.write(name, templates, shipped.aliases, note="", by=None))


def acts() -> list[str]:
    events = AuditEvent.objects.filter(act__in=["model.retired", "model.restored"])
    return list(events.order_by("pk").values_list("act", flat=True))


def test_an_ml_engineer_retires_a_model_and_takes_it_back(
    project: Project, cast: Cast, client_for: ClientFor, model: ModelVersion
) -> None:
    said = make_prediction(pair=make_pair(project=project), model=model, active=False)
    max_ = client_for(cast.max)
    max_.post(page(project, model, "model-retire"), {"act": "retire"})
    model.refresh_from_db()
    assert (model.state, acts()) == ("retired", ["model.retired"])
    with pytest.raises(registry.UnknownModel):
        registry.by_name("lore")
    assert "lore" not in registry.judges()
    said.refresh_from_db()
    assert said.model == model
    assert "1 retired model" in max_.get(reverse("models", args=[project.slug])).content.decode()
    assert "Take it back into use" in max_.get(page(project, model)).content.decode()
    max_.post(page(project, model, "model-retire"), {"act": "restore"})
    assert registry.by_name("lore") == model and acts() == ["model.retired", "model.restored"]


def test_a_model_that_answers_somewhere_is_not_retired_and_no_other_project_is_named(
    project: Project, cast: Cast, client_for: ClientFor, model: ModelVersion
) -> None:
    other = Project.objects.create(slug="boots", name="Boots")
    registry.promote(model, other, None)
    client = client_for(cast.max)
    with pytest.raises(Refused) as refusal:
        retiring.retire(model, None)
    assert refusal.value.code == "active_model"
    asked = client.post(page(project, model, "model-retire"), {"act": "retire"})
    assert asked.status_code == 409 and "Other projects work with it" in asked.content.decode()
    assert "Boots" not in asked.content.decode()
    shown = client.get(page(project, model)).content.decode()
    assert 'value="retire"' not in shown and "Other projects work with it" in shown
    registry.promote(make_model(name="newer", learnt=True), other, None)
    assert retiring.retire(model, None)


def learnt_in(project: Project) -> ModelVersion:
    version = make_model(name=f"distilled-{project.pk}", learnt=True)
    LearntModel.objects.create(version=version, project=project, source="gold", body=b"", report=REPORT)
    return version


REPORT = {
    "train_pairs": 10, "test_pairs": 5, "acc2": {}, "acc4": {"value": None}, "majority": {"label": "L4", "acc": 0.5},
    "cold_start": {}, "calibration": [],
}  # fmt: skip


@pytest.fixture
def boots() -> Project:
    return Project.objects.create(slug="boots", name="Boots")


def test_what_learnt_in_a_project_is_retired_by_its_people_whoever_promotes_it_elsewhere(
    project: Project, boots: Project, cast: Cast, client_for: ClientFor
) -> None:
    ours, theirs = learnt_in(project), learnt_in(boots)
    for version in (ours, theirs):
        registry.promote(version, boots, None)
    registry.promote(ours, boots, None)
    max_ = client_for(cast.max)
    for act, state in (("retire", "registered"), ("restore", "retired")):
        ModelVersion.objects.filter(pk=theirs.pk).update(state=state)
        asked = max_.post(page(project, theirs, "model-retire"), {"act": act})
        assert asked.status_code == 409 and "its people retire it" in asked.content.decode()
        theirs.refresh_from_db()
        assert theirs.state == state
    assert acts() == []
    assert max_.post(page(project, ours, "model-retire"), {"act": "retire"}).status_code == 302
    ours.refresh_from_db()
    assert ours.state == "retired" and AuditEvent.objects.get(act="model.retired").project == project
    assert registry.active(boots) == ours, "what judges boots is changed by its own people"
    assert ours in registry.listed(boots) and ours not in registry.listed(project)
    putting_back.put_back(boots, ours, None)
    with pytest.raises(Refused, match="retired"):
        registry.promote(ours, boots, None)


def test_what_is_put_back_elsewhere_is_back_there_alone(project: Project, boots: Project, cast: Cast) -> None:
    ours = learnt_in(project)
    registry.promote(ours, boots, None)
    registry.promote(make_model(name="newer", learnt=True), boots, None)
    retiring.retire(ours, cast.max, project)
    now = registry.active(boots)
    assert now is not None and putting_back.put_back(boots, now, None) == ours
    ours.refresh_from_db()
    assert ours.state == "retired"


def test_a_model_of_the_installation_is_retired_from_a_project_while_no_other_works_with_it(
    project: Project, boots: Project, cast: Cast, client_for: ClientFor, model: ModelVersion
) -> None:
    registry.promote(model, boots, None)
    registry.promote(make_model(name="newer", learnt=True), boots, None)  # a candidate there now
    max_ = client_for(cast.max)
    asked = max_.post(page(project, model, "model-retire"), {"act": "retire"})
    told = asked.content.decode()
    assert asked.status_code == 409 and "Other projects work with it" in told and "Boots" not in told
    assert 'value="retire"' not in max_.get(page(project, model)).content.decode()
    ModelVersion.objects.filter(pk=model.pk).update(state="retired")
    assert 'value="restore"' not in max_.get(page(project, model)).content.decode()
    assert max_.post(page(project, model, "model-retire"), {"act": "restore"}).status_code == 409
    assert retiring.restore(model, None)  # the host's command
    ModelVersion.objects.filter(pk=model.pk).update(registered_by=cast.max)
    assert max_.post(page(project, model, "model-retire"), {"act": "retire"}).status_code == 302
    assert acts() == ["model.restored", "model.retired"]


def test_what_new_projects_start_with_is_not_retired(model: ModelVersion) -> None:
    registry.make_default(model, None)
    with pytest.raises(Refused) as refusal:
        retiring.retire(model, None)
    assert refusal.value.code == "active_model"


def test_a_cold_start_is_not_retired() -> None:
    with pytest.raises(Refused) as refusal:
        retiring.retire(registry.cold_start([]), None)
    assert refusal.value.code == "cold_start"


def test_a_retired_model_is_not_promoted_nor_made_the_default(
    project: Project, cast: Cast, client_for: ClientFor, model: ModelVersion
) -> None:
    retiring.retire(model, None)
    asked = client_for(cast.max).post(page(project, model, "model-promote"))
    assert asked.status_code == 409 and "is retired" in asked.content.decode()
    for act in (lambda: registry.promote(model, project, None), lambda: registry.make_default(model, None)):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "retired_model"
    assert registry.active_models(project) == set()


def test_a_model_is_retired_under_all_prompts_and_stays_so_under_later_ones(model: ModelVersion) -> None:
    before = under(model, "second")
    assert retiring.retire(before, None)
    model.refresh_from_db()
    assert (model.state, under(model, "third").state) == ("retired", "retired")
    assert not retiring.retire(model, None), "it is already"
    assert acts() == ["model.retired"]


def test_registering_a_retired_model_again_takes_it_back_into_use(model: ModelVersion) -> None:
    before = under(model, "second")
    retiring.retire(model, None)
    assert registered() == model
    assert {row.state for row in registry.rows_of(before)} == {"registered"}


def test_only_who_promotes_retires(project: Project, cast: Cast, client_for: ClientFor, model: ModelVersion) -> None:
    for person in (cast.ana, cast.rosa, cast.otto, cast.root):
        assert client_for(person).post(page(project, model, "model-retire"), {"act": "retire"}).status_code == 404
    assert "Retire" not in client_for(cast.otto).get(page(project, model)).content.decode()
    assert acts() == []


def command(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("retire_model", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        assert end.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_command_retires_restores_and_says_what_it_cannot(project: Project, model: ModelVersion) -> None:
    told = {"model": "lore", "revision": model.revision}
    assert command("lore") == {**told, "retired": True, "changed": True}
    assert command("lore") == {**told, "retired": True, "changed": False}
    assert command("lore", "--restore") == {**told, "retired": False, "changed": True}
    assert command("nothing") == {"error": "no model is called 'nothing'"}
    other = make_model(name="lore", learnt=True)
    assert "--revision is one of" in command("lore")["error"]
    assert command("lore", "--revision", other.revision)["changed"]
    registry.promote(model, project, None)
    assert command("lore", "--revision", model.revision)["code"] == "active_model"
