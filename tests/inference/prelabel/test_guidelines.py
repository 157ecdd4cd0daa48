"""A query's guideline: the model's words once, a person's words over them, both kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from inference.models import KnowledgeCard, QueryGuideline
from inference.prelabel import guidelines
from inference.prompting import prompt_versions
from inference.registry import connecting
from projects.models import Project
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running
from tests.world.rows import make_item, make_pair

ClientFor = Callable[..., Client]


def test_a_person_writes_over_the_models_words_and_both_stay(
    project: Project, cast: Any, client_for: ClientFor
) -> None:
    query = make_pair(project=project, query="lbd").query
    QueryGuideline.objects.create(query=query, revision=1, intent="something in black")
    page = reverse("guideline", args=[project.slug, query.pk])
    client = client_for(cast.rosa)
    assert "something in black" in client.get(page).content.decode()
    client.post(page, {"intent": "a little black dress", "required": "dress\n\n black \n", "optional": ""})
    now = guidelines.newest([query.pk])[query.pk]
    assert (now.revision, now.intent, now.required, now.written_by) == (
        2,
        "a little black dress",
        ["dress", "black"],
        cast.rosa,
    )
    assert query.guidelines.count() == 2


@pytest.mark.parametrize("given", [{"intent": ""}, {"intent": "x", "required": "y\n" * 13}])
def test_a_guideline_without_intent_or_too_long_is_refused(
    project: Project, cast: Any, client_for: ClientFor, given: dict[str, str]
) -> None:
    query = make_pair(project=project, query="lbd").query
    answer = client_for(cast.rosa).post(reverse("guideline", args=[project.slug, query.pk]), given)
    assert answer.status_code == 422 and not query.guidelines.exists()


def test_a_server_that_fences_its_answers_writes_guidelines_too(project: Project) -> None:
    query = make_pair(project=project, query="lbd").query
    with running() as server:
        model = served_at(server, "fenced", guideline=True)
        model.found = {"schema": False}
        chat, prompts = connecting.chat(model), prompt_versions.value(prompt_versions.active().pk)
        told = guidelines.get_or_make({query.pk: query.text}, {}, chat, prompts, model)[query.pk]
    assert isinstance(told, QueryGuideline) and told.intent


def test_the_catalogue_teaches_its_categories(project: Project) -> None:
    for n in range(3):
        make_item(project=project, title=f"Boot {n}", category="Shoes > Boots", cpv=[["colour", "red"]])
    call_command("knowledge_from_catalogue", "--project", project.slug)
    assert KnowledgeCard.objects.filter(project=project, key_folded="shoes").exists()
