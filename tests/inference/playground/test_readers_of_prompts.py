"""Who reads the words that a project's models are asked in: who works with models there, and nobody elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from inference.models import ModelVersion, PromptVersion
from inference.prompting import prompt_versions, prompts
from inference.registry import registry
from projects.models import Membership, Person, Project, Role
from tests.conftest import Cast
from tests.world.rows import make_pair, make_rule_base

pytestmark = pytest.mark.django_db

ClientFor = Callable[..., Client]


@pytest.fixture
def beta(project: Project) -> Project:
    return Project.objects.create(slug="beta", name="Beta")


@pytest.fixture
def eve(beta: Project) -> Person:
    """She works with models in beta alone."""
    person = Person.objects.create_person("eve-ml", name="Eve ML")
    Membership.objects.create(project=beta, person=person, role=Role.ML_ENGINEER)
    return person


def written(name: str, project: Project | None, by: Person | None) -> PromptVersion:
    shipped = prompts.shipped()
    templates = {**shipped.templates, "grade": f"One letter, {name}.\n"}
    return prompt_versions.write(name, templates, shipped.aliases, note=f"why {name}", by=by, project=project)


@pytest.fixture
def ours(project: Project, cast: Cast) -> PromptVersion:
    return written("ours-2", project, cast.max)


def lore(prompt: PromptVersion) -> ModelVersion:
    where = {"engine": "openai_server", "target": "http://model.example", "revision": "r1"}
    made, _new = registry.register_chat("lore", **where, role="judge", pictures="none", options={}, found={}, by=None)
    return registry.with_prompt(made, prompt)


def test_a_prompt_is_read_where_it_was_written_and_not_in_another_project(
    project: Project, beta: Project, eve: Person, ours: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    shipped, theirs = prompt_versions.active(), written("theirs-2", beta, eve)
    for person, where, seen, unseen in ((eve, beta, theirs, ours), (cast.max, project, ours, theirs)):
        client = client_for(person)
        for page in ("prompts", "playground"):
            lore(seen)
            told = client.get(reverse(page, args=[where.slug])).content.decode()
            assert seen.name in told and shipped.name in told and unseen.name not in told, page
        assert client.get(reverse("prompt", args=[where.slug, shipped.pk])).status_code == 200
        assert client.get(reverse("prompt", args=[where.slug, seen.pk])).status_code == 200
        assert client.get(reverse("prompt", args=[where.slug, unseen.pk])).status_code == 404
        assert client.post(reverse("prompt-activate", args=[where.slug, unseen.pk])).status_code == 404
        assert client.post(reverse("prompts", args=[where.slug]), {"base": unseen.pk}).status_code == 404


def test_the_words_of_others_are_neither_tried_nor_compared(
    project: Project, beta: Project, eve: Person, ours: PromptVersion, client_for: ClientFor
) -> None:
    make_rule_base()
    model, shipped = lore(prompt_versions.active()), prompt_versions.active()
    pair = make_pair(project=beta)
    client = client_for(eve)
    asked = {"model": model.pk, "before": shipped.pk, "after": ours.pk, "pairs": 20}
    assert "two different prompt versions" in client.post("/p/beta/playground/compare/", asked).content.decode()
    client.post("/p/beta/playground/", {"pair": pair.pk, "model": model.pk, "prompt": ours.pk})
    assert beta.trials.get().prompt == shipped


def test_who_works_with_models_in_both_reads_the_words_of_both(
    project: Project, beta: Project, eve: Person, ours: PromptVersion, client_for: ClientFor
) -> None:
    address = reverse("prompt", args=["beta", ours.pk])
    Membership.objects.create(project=project, person=eve, role=Role.AUDITOR)  # no role that reads prompts
    assert client_for(eve).get(address).status_code == 404
    Membership.objects.create(project=project, person=eve, role=Role.LEAD)
    assert client_for(eve).get(address).status_code == 200


def test_what_new_projects_start_with_is_read_by_all(
    beta: Project, eve: Person, ours: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    prompt_versions.make_default(ours, cast.root)
    assert client_for(eve).get(reverse("prompt", args=["beta", ours.pk])).status_code == 200
    prompt_versions.make_default(written("host-2", None, None), cast.root)
    assert client_for(eve).get(reverse("prompt", args=["beta", ours.pk])).status_code == 200  # and stays so


def test_a_model_is_not_listed_in_the_words_of_others(
    project: Project, beta: Project, eve: Person, ours: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    model = lore(ours)
    assert model.prompt_version in client_for(cast.max).get(reverse("models", args=[project.slug])).content.decode()
    assert "ours-2" not in client_for(eve).get(reverse("models", args=["beta"])).content.decode()
    assert client_for(eve).get(reverse("model", args=["beta", model.pk])).status_code == 404
    ModelVersion.objects.update(state="retired")
    assert "ours-2" not in client_for(eve).get(reverse("models", args=["beta"])).content.decode()
