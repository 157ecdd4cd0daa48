"""In which words a project is judged changes by its own people alone, on answers, stands in its log and can be put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from inference.models import Comparison, ModelVersion, PromptChoice, PromptVersion, Trial
from inference.playground import activating
from inference.prompting import prompt_versions, prompts
from inference.registry import registry
from projects import creating
from projects.models import AuditEvent, Project
from tests.conftest import Cast, refused
from tests.world.rows import make_item, make_model, make_pair, make_rule_base

pytestmark = pytest.mark.django_db

ClientFor = Callable[..., Client]


def written(name: str) -> PromptVersion:
    shipped = prompts.shipped()
    templates = {**shipped.templates, "grade": f"One letter, {name}.\n"}
    return prompt_versions.write(name, templates, shipped.aliases, note="", by=None)


@pytest.fixture
def other() -> PromptVersion:
    return written("lore-2")


@pytest.fixture
def model() -> ModelVersion:
    prompt = prompt_versions.active()
    version = prompt_versions.value(prompt.pk).version
    row = make_model(name="lore", prompt=prompt, learnt=True)
    ModelVersion.objects.filter(pk=row.pk).update(prompt_version=version)
    row.refresh_from_db()
    return row


def compared(
    project: Project, model: ModelVersion, after: PromptVersion, cast: Cast, *, answered: int, unusable: int = 0
) -> Comparison:
    """Ended: so many pairs that both sides answered, and so many about which the new one said nothing usable."""
    make_rule_base()
    now = prompt_versions.active(project)
    found = Comparison.objects.create(
        project=project, model=model, before=now, after=after, pairs=answered + unusable, requested_by=cast.max
    )
    for number in range(answered + unusable):
        item = make_item(project=project, title=f"Mug {after.name} {number}")
        pair = make_pair(project=project, query=f"mug {number % 5}", item=item, gold_label="L4")
        for prompt in (now, after):
            dead = prompt == after and number >= answered
            fields: dict[str, Any] = {"state": "dead", "error": "auth: no key"} if dead else {"state": "done"}
            Trial.objects.create(
                project=project, pair=pair, snapshot=pair.item.current_snapshot, model=model, prompt=prompt,
                comparison=found, requested_by=cast.max, judged=None if dead else {"status": "ok", "label": "L4"}, **fields,
            )  # fmt: skip
    return found


def acts(project: Project | None) -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(project=project, act__regex=r"^(prompt|model)\.").order_by("pk")
    return [
        (row.act, str(row.actor or ""), row.detail.get("instead_of", "")) for row in rows if row.act != "prompt.written"
    ]


def test_a_comparison_counts_only_where_both_answered_twenty_pairs(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    compared(project, model, other, cast, answered=19, unusable=21)
    page = client_for(cast.max).post(reverse("prompt-activate", args=[project.slug, other.pk]))
    told = page.content.decode()
    assert (
        page.status_code == 409 and "on 40 pairs, both answered 19 of them" in told and "(40 before, 19 after)" in told
    )
    assert prompt_versions.active(project) != other and acts(project) == []


def test_what_both_answered_is_made_active_in_that_project_alone_and_its_log_says_so(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    boots = Project.objects.create(slug="boots", name="Boots")
    for one in (project, boots):
        registry.promote(model, one, cast.max)
    shipped = prompt_versions.active()
    compared(project, model, other, cast, answered=20, unusable=5)
    assert client_for(cast.max).post(reverse("prompt-activate", args=[project.slug, other.pk])).status_code == 302
    assert [prompt_versions.active(one) for one in (project, boots, None)] == [other, shipped, shipped]
    followed = registry.active(project)
    assert followed is not None and followed.prompt == other and registry.active(boots) == model
    assert acts(project)[1:] == [
        ("prompt.activated", "Max", shipped.name),
        ("model.followed_prompts", "Max", str(model)),
    ]
    assert len(acts(boots)) == 1 and acts(None) == []
    founded = creating.found("Hats", "hats", "lore-4", "", actor=cast.root)
    assert prompt_versions.active(founded) == shipped


def test_a_comparison_of_another_project_counts_for_nothing(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast
) -> None:
    boots = Project.objects.create(slug="boots", name="Boots")
    compared(boots, model, other, cast, answered=24)
    with refused("not_compared"):
        activating.activate(other, project, cast.max)


def test_what_was_before_is_put_back_at_once_and_again(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    registry.promote(model, project, cast.max)
    shipped, max_ = prompt_versions.active(project), client_for(cast.max)
    compared(project, model, other, cast, answered=20)
    max_.post(reverse("prompt-activate", args=[project.slug, other.pk]))
    for address in (reverse("prompts", args=[project.slug]), reverse("prompt", args=[project.slug, other.pk])):
        assert f"Put back {shipped.name}" in max_.get(address).content.decode()
    assert max_.post(reverse("prompt-put-back", args=[project.slug])).status_code == 302
    assert (prompt_versions.active(project), registry.active(project)) == (shipped, model)
    assert [act for act, *_ in acts(project)][-2:] == ["prompt.put_back", "model.followed_prompts"]
    activating.activate(other, project, cast.max)  # it was active here: nobody asks for another comparison
    assert prompt_versions.active(project) == other
    activating.put_back(project, cast.max)
    assert prompt_versions.before(project) == other


def test_where_nothing_else_was_active_there_is_nothing_to_put_back(
    project: Project, cast: Cast, client_for: ClientFor
) -> None:
    prompt_versions.active()
    with refused("nothing_before"):
        activating.put_back(project, cast.max)
    page = client_for(cast.max).post(reverse("prompt-put-back", args=[project.slug]))
    assert page.status_code == 409 and "nothing to put back" in page.content.decode()
    assert "Put back" not in client_for(cast.max).get(reverse("prompts", args=[project.slug])).content.decode()


def test_a_model_is_promoted_in_the_words_of_the_project(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast
) -> None:
    """Else whoever may promote would change the words without any comparison, by a row that another project made."""
    evil = registry.with_prompt(model, other)
    assert registry.promote(evil, project, cast.max) == registry.active(project) == model


def test_what_new_projects_ask_in_is_said_by_a_system_admin_and_reaches_none_that_exists(
    project: Project, other: PromptVersion, cast: Cast, client_for: ClientFor
) -> None:
    shipped, root = prompt_versions.active(), client_for(cast.root)
    founded = creating.found("Hats", "hats", "lore-4", "", actor=cast.root)
    assert root.post("/models/", {"prompt": other.pk}).status_code == 302
    assert "Let new projects ask in it" in root.get("/models/").content.decode()
    assert [prompt_versions.active(one) for one in (None, project, founded)] == [other, shipped, shipped]
    assert prompt_versions.active(creating.found("Caps", "caps", "lore-4", "", actor=cast.root)) == other
    assert acts(None) == [("prompt.default", "Root", shipped.name)] and acts(project) == []
    assert client_for(cast.max).post("/models/", {"prompt": shipped.pk}).status_code in {403, 404}
    assert root.post("/models/", {"prompt": "987654"}).status_code == 404


def test_a_choice_is_never_changed(project: Project, other: PromptVersion) -> None:
    prompt_versions.choose(other, project, None, "prompt.activated")
    with pytest.raises(DatabaseError), transaction.atomic():
        PromptChoice.objects.update(prompt=prompt_versions.active())


def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        assert end.code == 1
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_commands_put_back_and_say_what_new_projects_ask_in(
    project: Project, model: ModelVersion, other: PromptVersion, cast: Cast
) -> None:
    shipped = prompt_versions.active()
    assert told("default_prompt") == {"default": shipped.name}
    assert told("default_prompt", "nothing")["error"].endswith("'nothing'")
    assert told("put_back", "prompt", "--project", "shoes")["code"] == "nothing_before"
    assert told("put_back", "prompt", "--project", "boats")["error"] == "no project is called 'boats'"
    prompt_versions.choose(other, project, None, "prompt.activated")
    assert told("put_back", "prompt", "--project", "shoes")["prompt"] == shipped.name
    assert told("put_back", "model", "--project", "shoes")["error"].startswith("nobody answers as judge")
    for one in (model, make_model(name="newer", learnt=True)):
        registry.promote(one, project, None)
    back = told("put_back", "model", "--project", "shoes")
    assert (back["model"], back["prompt"]) == ("lore", shipped.name)
    assert told("default_prompt", "lore-2") == {"default": "lore-2"}
