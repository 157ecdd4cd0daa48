"""The playground shows what was asked and said, compares two prompts on gold, and lets only the compared one be active."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.models import Pair
from evaluation import canary_jobs
from inference.models import Comparison, ModelJob, ModelVersion, Prediction, PromptVersion, Trial
from inference.playground import trials
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from inference.prompting import prompt_versions, prompts
from inference.registry import connecting, registry
from jobs import leasing
from projects.models import Project
from rules.publishing import newest, specs
from tests.at_work import work_on
from tests.misbehaving.server import Misbehaving, running
from tests.world.rows import RULE_BODY, make_import, make_item, make_pair, make_rule_base

ClientFor = Callable[..., Client]


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture
def model(db: None, server: Misbehaving) -> ModelVersion:
    return model_at(server.base_url("good"))


def model_at(target: str, name: str = "lore") -> ModelVersion:
    prompt = prompt_versions.active()
    return ModelVersion.objects.create(
        name=name,
        engine="openai_server",
        target=target,
        revision="1",
        prompt_version=prompt_versions.value(prompt.pk).version,
        prompt=prompt,
        learnt=True,
        options={"model": "lore", "deadline_seconds": 5, "guideline": False},
    )


@pytest.fixture
def pairs(project: Project) -> list[Pair]:
    make_rule_base()
    items = [make_item(project=project, title=f"Mug number {n}") for n in range(24)]
    return [
        make_pair(project=project, query=f"mug {n % 6}", item=item, gold_label="L4") for n, item in enumerate(items)
    ]


@pytest.fixture
def other_prompt(project: Project, cast: Any) -> PromptVersion:
    shipped = prompts.shipped()
    templates = {**shipped.templates, "grade": "One letter, please.\n"}
    return prompt_versions.write("lore-2", templates, shipped.aliases, note="shorter", by=cast.max, project=project)


def work_off() -> None:
    while due := list(leasing.due(Trial).values_list("pk", flat=True)[:8]):
        work_on(trials.KIND, due)


def test_a_trial_shows_prompt_answer_and_chain_and_is_no_prediction(
    project: Project, pairs: list[Pair], model: ModelVersion, cast: Any, client_for: ClientFor
) -> None:
    client = client_for(cast.max)
    prompt = prompt_versions.active()
    started = client.post(
        reverse("playground", args=[project.slug]), {"pair": pairs[0].pk, "model": model.pk, "prompt": prompt.pk}
    )
    assert started.status_code == 302
    waiting = client.get(started.url).content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    work_off()
    page = client.get(started.url).content.decode()
    assert "hx-trigger" not in page.split('id="watch"')[1].split(">")[0]
    trial = Trial.objects.get()
    assert trial.judged["status"] == "ok" and trial.tokens_in > 0
    assert [section["name"] for section in trial.rendered][:2] == ["system", "query"]
    assert "Mug number 0" in page and "about" in page
    assert not Prediction.objects.exists()


def test_two_prompts_are_compared_on_gold_and_only_then_one_may_be_active(
    project: Project,
    pairs: list[Pair],
    model: ModelVersion,
    other_prompt: PromptVersion,
    cast: Any,
    client_for: ClientFor,
) -> None:
    client = client_for(cast.max)
    activate = reverse("prompt-activate", args=[project.slug, other_prompt.pk])
    refused = client.post(activate, follow=True)
    assert "first" in refused.content.decode() and prompt_versions.active(project).pk != other_prompt.pk
    started = client.post(
        reverse("compare", args=[project.slug]),
        {"model": model.pk, "before": prompt_versions.active().pk, "after": other_prompt.pk, "pairs": 20},
    )
    assert started.status_code == 302
    work_off()
    found = trials.compared(Comparison.objects.get())
    assert (found.done, found.total) == (40, 40)  # 20 pairs, two versions
    assert found.before.answered == found.after.answered == 20
    assert found.p == 1.0  # the server says the same of a job whatever the prompt
    assert "lore-2" in client.get(started.url).content.decode()
    client.post(activate)
    assert prompt_versions.active(project).pk == other_prompt.pk


def test_a_comparison_says_what_its_figures_are_of(
    project: Project,
    pairs: list[Pair],
    model: ModelVersion,
    other_prompt: PromptVersion,
    cast: Any,
    client_for: ClientFor,
) -> None:
    batch = make_import(project=project)
    for pair in pairs:
        pair.golds.create(label="L4", ground="import", snapshot=pair.item.current_snapshot, batch=batch)
    found = trials.start_comparison(project, model, prompt_versions.active(), other_prompt, 24, cast.max)
    page = reverse("comparison", args=[project.slug, found.pk])
    assert "pairs of" not in client_for(cast.max).get(page).content.decode()  # nothing is measured yet
    work_off()
    basis = trials.compared(found).basis
    assert (basis.model, basis.lineage, basis.n, basis.queries) == (str(model), "unknown", 24, 6)
    assert (basis.rule_base, basis.ground, basis.modes) == (newest().number, {"import": 24}, {})
    shown = client_for(cast.max).get(page).content.decode()
    assert "24 pairs of 6 queries · gold by import 24" in shown and f"rule base {newest().number}" in shown
    assert "it may know some of these" in shown
    make_rule_base(body={**RULE_BODY, "label": "L1"})
    assert f"the project judges by {newest().number} now" in client_for(cast.max).get(page).content.decode()


def test_a_prompt_with_a_wrong_placeholder_is_refused_at_its_field(
    project: Project, cast: Any, client_for: ClientFor
) -> None:
    base = prompt_versions.active()
    given = {**base.templates, "name": "lore-3", "note": "x", "aliases": "ABCD", "base": base.pk}
    page = client_for(cast.max).post(reverse("prompts", args=[project.slug]), {**given, "grade": "{{item}}"})
    assert page.status_code == 422
    assert "may not stand here" in page.content.decode()
    assert not PromptVersion.objects.filter(name="lore-3").exists()


def test_what_answers_now_is_offered_first(
    project: Project,
    pairs: list[Pair],
    model: ModelVersion,
    other_prompt: PromptVersion,
    cast: Any,
    client_for: ClientFor,
) -> None:
    model_at("http://127.0.0.1:9/v1", "another")  # whose name comes first
    registry.promote(model, project, cast.max)
    page = client_for(cast.max).get(reverse("playground", args=[project.slug])).content.decode()
    now = prompt_versions.active()
    trial, comparison = page.split('id="before"')
    assert f'<option value="{model.pk}" selected>lore (1) (active)' in trial
    before, after = comparison.split('id="after"')
    assert before.index(f'value="{now.pk}"') < before.index(f'value="{other_prompt.pk}"')
    assert f'value="{other_prompt.pk}" selected' in after  # two different ones, as they are asked for


def test_a_server_that_is_away_makes_a_trial_fail_with_its_reason(
    project: Project, pairs: list[Pair], cast: Any, client_for: ClientFor
) -> None:
    trial = trials.start_trial(pairs[0], model_at("http://127.0.0.1:9/v1", "away"), None, cast.max)
    work_on(trials.KIND, [trial.pk])
    trial.refresh_from_db()
    assert trial.state == "failed" and trial.error.startswith("connection")
    assert (
        "The server cannot be reached."
        in client_for(cast.max).get(reverse("trial", args=[project.slug, trial.pk])).content.decode()
    )


def test_a_labeler_may_not_enter(project: Project, cast: Any, client_for: ClientFor) -> None:
    assert client_for(cast.ana).get(reverse("playground", args=[project.slug])).status_code in (403, 404)


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 64), (1, 7, 2 * (1 + 8) / 256)]
)
def test_mcnemar_is_the_binomial_tail_doubled(first: int, second: int, p: float) -> None:
    assert trials.mcnemar(first, second) == pytest.approx(p)


def test_the_model_pages_show_the_registry_and_promote(
    project: Project, model: ModelVersion, cast: Any, client_for: ClientFor
) -> None:
    client = client_for(cast.max)
    assert "lore" in client.get(reverse("models", args=[project.slug])).content.decode()
    page = reverse("model", args=[project.slug, model.pk])
    assert "Promote" in client.get(page).content.decode()
    client.post(reverse("model-promote", args=[project.slug, model.pk]))
    assert registry.active(project) == model
    refused = client.post(reverse("model-calibrate", args=[project.slug, model.pk]))
    assert refused.status_code == 409
    assert "0 gold pairs of validation queries" in refused.content.decode()


@pytest.fixture
def cold_start(pairs: list[Pair]) -> ModelVersion:
    """Of the rules before the last publication: the row that a page offered, and its predictions name."""
    row = registry.register(connecting.connect(connecting.COLD_START, specs(newest())))
    make_rule_base(body={**RULE_BODY, "label": "L3"})
    return row


def test_the_cold_start_on_offer_answers_after_rules_were_published(
    project: Project, pairs: list[Pair], cold_start: ModelVersion, cast: Any, client_for: ClientFor
) -> None:
    """Its revision follows the rules: which row answered is settled when it is asked, and stands on the trial."""
    client = client_for(cast.max)
    assert f'value="{cold_start.pk}"' in client.get(reverse("playground", args=[project.slug])).content.decode()
    client.post(reverse("playground", args=[project.slug]), {"pair": pairs[0].pk, "model": cold_start.pk})
    make_rule_base(body={**RULE_BODY, "label": "L1"})  # while the trial waits for a worker
    work_off()
    trial = Trial.objects.select_related("model").get()
    assert (trial.state, trial.error) == ("done", "")
    assert trial.model == runs.model_for(None, "distilled", specs(newest())) != cold_start


def test_a_canary_run_of_the_cold_start_answers_after_rules_were_published(
    project: Project, cold_start: ModelVersion, cast: Any, client_for: ClientFor
) -> None:
    asked = client_for(cast.max).post(reverse("model-canary", args=[project.slug, cold_start.pk]))
    make_rule_base(body={**RULE_BODY, "label": "L1"})
    job = ModelJob.objects.get()
    assert job.model_id not in (None, cold_start.pk)
    assert asked.url == reverse("model", args=[project.slug, job.model_id])  # where its outcome will stand
    work_on(canary_jobs.KIND, [job.pk])
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    assert job.model == runs.model_for(None, "distilled", specs(newest()))


def test_a_promoted_cold_start_judges_by_the_rules_published_since(
    project: Project, cold_start: ModelVersion, cast: Any
) -> None:
    registry.promote(cold_start, project, cast.max)
    run = runs.start_run(project, None, Wish())
    assert run.model != cold_start and runs.work_some(run) > 0
    assert set(run.jobs.values_list("state", flat=True)) == {"done"}


def test_the_cold_start_is_listed_once_whatever_was_published(
    project: Project, model: ModelVersion, cold_start: ModelVersion, cast: Any, client_for: ClientFor
) -> None:
    def shown() -> list[tuple[int, bool]]:
        listed = client_for(cast.max).get(reverse("models", args=[project.slug])).context["models"]
        offered = client_for(cast.max).get(reverse("playground", args=[project.slug])).context["models"]
        assert {row.pk for row in listed} == {row.pk for row in offered}
        assert [row for row in listed if row.prompt_id] == [model]
        return [(row.pk, registry.is_active(row, project)) for row in listed if row.name == "distilled"]

    assert shown() == [(cold_start.pk, False)]
    newer = runs.model_for(None, "distilled", specs(newest()))
    assert shown() == [(newer.pk, False)]
    registry.promote(cold_start, project, cast.max)
    assert shown() == [(newer.pk, True)], "it is promoted as it is asked now"
