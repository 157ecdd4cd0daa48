"""The model that answered before is put back at once, and whatever changes a project's judge stands in its log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from inference.models import ModelVersion
from inference.registry import putting_back, registry, retiring
from projects.models import AuditEvent, Project
from rules.publishing import newest, specs
from tests.conftest import Cast, refused
from tests.world.rows import RULE_BODY, make_model, make_pair, make_prediction, make_rule_base

pytestmark = pytest.mark.django_db
ClientFor = Callable[..., Client]


@pytest.fixture
def models() -> list[ModelVersion]:
    return [make_model(name=name, learnt=True) for name in ("first", "second", "third")]


def log(project: Project) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(project=project, act__startswith="model.").order_by("pk")
    return [(row.act.removeprefix("model."), row.detail["model"]) for row in rows]


def test_the_model_before_is_put_back_with_its_predictions_and_again(
    project: Project, models: list[ModelVersion], cast: Cast, client_for: ClientFor
) -> None:
    first, second, _third = models
    said = make_prediction(pair=make_pair(project=project), model=first)
    registry.promote(second, project, cast.max)
    max_ = client_for(cast.max)
    page = max_.get(reverse("model", args=[project.slug, second.pk])).content.decode()
    assert f"Before it {first} answered here." in page and "Put back what was before" in page
    assert max_.post(reverse("model-put-back", args=[project.slug, second.pk])).status_code == 302
    assert registry.active(project) == first
    assert said.pair.standingpredictions.get().model == first
    assert log(project) == [("promoted", str(second)), ("put_back", str(first))]
    putting_back.put_back(project, first, cast.max)
    assert registry.active(project) == second


def test_of_two_who_press_the_second_changes_nothing(
    project: Project, models: list[ModelVersion], cast: Cast, client_for: ClientFor
) -> None:
    for model in models[:2]:
        registry.promote(model, project, cast.max)
    putting_back.put_back(project, models[1], cast.max)
    late = client_for(cast.max).post(reverse("model-put-back", args=[project.slug, models[1].pk]))
    assert late.status_code == 409 and registry.active(project) == models[0]


def test_what_somebody_elsewhere_retired_meanwhile_is_put_back_in_use(
    project: Project, models: list[ModelVersion], cast: Cast
) -> None:
    first, second, _third = models
    for model in (first, second):
        registry.promote(model, project, cast.max)
    assert retiring.retire(first, None)
    assert putting_back.put_back(project, second, cast.max) == first
    first.refresh_from_db()
    assert first.state == "registered"


def test_before_the_first_promotion_the_cold_start_answered_and_is_put_back_as_it_is_now(
    project: Project, models: list[ModelVersion], cast: Cast
) -> None:
    make_rule_base()
    registry.promote(models[0], project, cast.max)
    make_rule_base(body={**RULE_BODY, "label": "L3"})
    assert putting_back.put_back(project, models[0], cast.max) == registry.cold_start(specs(newest()))


def test_a_captioner_before_whom_nobody_answered_is_done_without(project: Project, cast: Cast) -> None:
    reader = make_model(name="reader", role="captioner", learnt=True)
    registry.promote(reader, project, cast.max)
    assert putting_back.put_back(project, reader, cast.max) is None
    assert registry.active(project, "captioner") is None and log(project)[-1] == ("put_back", "")


def test_where_nobody_was_before_nothing_is_put_back(project: Project, models: list[ModelVersion], cast: Cast) -> None:
    registry.promote(models[0], project, cast.max)  # no rules are there, so the cold start could not have answered
    with refused("nothing_before"):
        putting_back.put_back(project, models[0], cast.max)


def test_registering_a_model_again_stands_in_the_log_of_each_project_in_which_it_answers(project: Project) -> None:
    where = {"engine": "openai_server", "target": "http://model.example", "revision": "r1", "role": "judge", "by": None}
    model, _new = registry.register_chat("lore", **where, pictures="none", options={}, found={})
    registry.promote(model, project, None)
    registry.register_chat("lore", **where, pictures="none", options={"model": "another"}, found={})
    event = AuditEvent.objects.get(act="model.registered_again")
    assert (event.project, event.detail["name"]) == (project, "lore")


def test_rules_that_the_cold_start_follows_stand_in_the_log(project: Project) -> None:
    make_rule_base()
    registry.judge_by(project, specs(newest()))
    make_rule_base(body={**RULE_BODY, "label": "L3"})
    registry.judge_by(project, specs(newest()))
    assert [act for act, _model in log(project)] == ["active", "followed_rules"]


def test_only_who_promotes_puts_back(
    project: Project, models: list[ModelVersion], cast: Cast, client_for: ClientFor
) -> None:
    for model in models[:2]:
        registry.promote(model, project, cast.max)
    for person in (cast.ana, cast.rosa, cast.otto, cast.root, cast.eve):
        asked = client_for(person).post(reverse("model-put-back", args=[project.slug, models[1].pk]))
        assert asked.status_code in {403, 404}
    assert registry.active(project) == models[1]
