"""Training and canary runs from the browser: asked for on a page, done by a worker, told with figures or with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from catalogue.models import Pair
from evaluation import canary_jobs, comparing
from inference.distilled.fitting import fit
from inference.models import ModelJob, ModelVersion
from inference.prelabel import runs
from inference.prompting import prompt_versions
from inference.registry import model_jobs, registry
from projects.models import AuditEvent, Person, Project
from rules.packs import load_pack
from rules.publishing import active_rule_base, publish_pack, specs
from tests.at_work import named, work_on
from tests.conftest import ROOT, Cast
from tests.world.rows import activate, make_import, make_item, make_model, make_pair, make_prediction
from training import training_jobs
from training.distilled import Labelled

ClientFor = Callable[[Person], Client]
COLOURS = ("red", "blue", "green", "black", "white")


@pytest.fixture
def rules(db: None) -> None:
    publish_pack(load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules)


@pytest.fixture
def labelled(project: Project, rules: None) -> Project:
    """40 queries of 5 mugs, of which the one in the asked colour is excellent: 28 queries train, 10 are test."""
    batch = make_import(project=project)
    for number in range(40):
        colour = COLOURS[number % 5]
        for other in COLOURS:
            item = make_item(project=project, title=f"{other} mug {number}", batch=batch)
            label = "L4" if other == colour else "L2"
            make_pair(project=project, query=f"{colour} mug {number}", item=item, batch=batch, gold_label=label)
    return project


def cold_start(project: Project) -> ModelVersion:
    return runs.model_for(project, "distilled", specs(active_rule_base(project)))


def post(client: Client, name: str, *args: object, status: int = 302, **fields: str) -> None:
    response = client.post(reverse(name, args=["shoes", *args]), fields)
    assert response.status_code == status


def done(job: ModelJob) -> ModelJob:
    work_on(named({"train": "training"}.get(job.kind, job.kind)), [job.pk])
    job.refresh_from_db()
    return job


def test_a_training_asked_for_on_the_page_ends_with_a_promoted_model_and_its_figures(
    labelled: Project, cast: Cast, client_for: ClientFor
) -> None:
    client = client_for(cast.max)
    post(client, "model-train", source="gold", promote="on")
    job = done(ModelJob.objects.get())
    assert (job.state, job.error) == ("done", "")
    assert job.result is not None and job.model is not None
    assert (job.result["train_pairs"], job.result["test_pairs"]) == (28 * 5, 10 * 5)  # and 2 queries of validation
    assert job.result["kappa_quadratic"]["value"] is not None
    assert job.result["promoted"] is (job.result["why_not"] == "") is registry.is_active(job.model, labelled)
    page = client.get(reverse("models", args=["shoes"])).content.decode()
    assert job.model.name in page
    assert "50 pairs of 10 queries" in page  # what the figures are of
    assert all(
        f"{name} " in page for name in ("Acc@2", "Acc@4", "Macro-F1", "Quadratic kappa", "AUC", "ECE", "always L2")
    )
    assert AuditEvent.objects.get(act="model.training_asked").actor == cast.max
    assert AuditEvent.objects.filter(act="model.measured", actor=cast.max).exists()


def test_without_the_tick_the_model_is_kept_but_not_promoted(labelled: Project, cast: Cast) -> None:
    job = done(training_jobs.ask(labelled, "gold", cast.max, promote=False))
    assert job.result is not None and job.model is not None
    assert (job.result["promoted"], registry.is_active(job.model, labelled)) == (False, False)


def test_too_few_labels_are_told_and_nothing_is_tried_again(
    project: Project, rules: None, cast: Cast, client_for: ClientFor
) -> None:
    job = done(training_jobs.ask(project, "people", cast.max, promote=True))
    assert (job.state, job.attempts) == ("dead", 1)
    assert "too few" in job.error
    assert "too few" in client_for(cast.max).get(reverse("models", args=["shoes"])).content.decode()


def test_a_second_training_waits_for_the_first(project: Project, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.max)
    post(client, "model-train", source="gold")
    post(client, "model-train", source="gold", status=409)
    post(client, "model-train", source="everything", status=422)
    assert ModelJob.objects.count() == 1


def test_a_cancelled_training_does_not_run(labelled: Project, cast: Cast, client_for: ClientFor) -> None:
    job = training_jobs.ask(labelled, "gold", cast.max, promote=True)
    post(client_for(cast.max), "model-job-cancel", job.pk)
    assert done(job).state == "cancelled"
    assert not ModelVersion.objects.filter(learnt=True).exists()


def test_a_training_cancelled_while_it_learns_keeps_and_promotes_nothing(
    labelled: Project, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training_jobs.ask(labelled, "gold", cast.max, promote=True)

    def cancelled_meanwhile(*args: Any, **options: Any) -> Any:
        model_jobs.cancel(job, cast.max)
        return fit(*args, **options)

    monkeypatch.setattr("training.distilled.fit", cancelled_meanwhile)
    assert (done(job).state, job.model, job.result) == ("cancelled", None, None)
    assert not ModelVersion.objects.filter(Q(learnt=True) | Q(state="active")).exists()
    assert not AuditEvent.objects.filter(act="model.measured").exists()


def test_another_projects_job_cannot_be_cancelled(labelled: Project, cast: Cast, client_for: ClientFor) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    job = training_jobs.ask(other, "gold", cast.max, promote=True)
    response = client_for(cast.max).post(reverse("model-job-cancel", args=["shoes", job.pk]))
    assert (response.status_code, ModelJob.objects.get().state) == (404, "queued")


def test_a_canary_run_shows_every_attack_and_stuffing_on_the_models_page(
    labelled: Project, cast: Cast, client_for: ClientFor
) -> None:
    model = cold_start(labelled)
    client = client_for(cast.max)
    post(client, "model-canary", model.pk)
    job = done(ModelJob.objects.get())
    assert job.result is not None
    assert (len(job.result["attacks"]), len(job.result["stuffings"])) == (10, 3)
    page = client.get(reverse("model", args=["shoes", model.pk])).content.decode()
    assert all(name in page for name in [*job.result["attacks"], *job.result["stuffings"]])
    assert (
        "36 pairs of 6 queries · pairs that come with the product, without gold 36" in page
    )  # no gold here is irrelevant


def test_a_canary_run_leaves_out_what_may_not_measure_the_model_and_says_what_it_is_of(
    labelled: Project, cast: Cast, client_for: ClientFor
) -> None:
    Pair.objects.filter(project=labelled, gold_label="L2").update(gold_label="L1")  # 4 of the 5 mugs of each query
    model = done(training_jobs.ask(labelled, "gold", cast.max, promote=False)).model
    assert model is not None
    job = done(canary_jobs.ask(labelled, model, cast.max))
    assert job.result is not None and job.result["pairs"] == 10 * 4  # of 40 queries 28 train and 2 are validation
    assert (job.result["basis"]["n"], job.result["basis"]["queries"], job.result["basis"]["rule_base"]) == (40, 10, 1)
    assert job.result["basis"]["left_out"] == {"learnt": 28 * 4, "not_test": 2 * 4, "assisted": 0, "stale": 0}
    for name, args in (("model", [model.pk]), ("models", [])):
        page = client_for(cast.max).get(reverse(name, args=["shoes", *args])).content.decode()
        assert "40 pairs of 10 queries" in page and "112 pairs of queries it learnt from are left out." in page


def test_while_something_runs_the_list_looks_again(labelled: Project, cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.max)
    assert "every 2s" not in client.get(reverse("models", args=["shoes"])).content.decode()
    canary_jobs.ask(labelled, cold_start(labelled), cast.max)
    part = client.get(reverse("models", args=["shoes"]), headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in part and "<html" not in part


@pytest.mark.parametrize("who", ["ana", "ada", "rosa", "otto"])
def test_others_may_not_train(who: str, project: Project, cast: Cast, client_for: ClientFor) -> None:
    response = client_for(getattr(cast, who)).post(reverse("model-train", args=["shoes"]), {"source": "gold"})
    assert (response.status_code, ModelJob.objects.count()) == (404, 0)


def test_a_model_that_an_upgrade_left_behind_is_trained_again(labelled: Project, cast: Cast) -> None:
    """It cannot be asked for its figures any more: the cold start is the rival."""
    old = ModelVersion.objects.create(
        name="distilled-shoes", engine="distilled", revision="learnt-0", prompt_version="features-0", learnt=True
    )
    activate(model=old, project=labelled)
    job = done(training_jobs.ask(labelled, "gold", cast.max, promote=True))
    assert (job.state, job.error) == ("done", "") and job.result is not None and job.model is not None
    assert "cannot answer any more" in job.model.lesson.report["active"]["no_rival"]
    assert job.result["promoted"] is registry.is_active(job.model, labelled)


def test_a_large_model_is_compared_with_only_where_it_answered_twenty_test_pairs(labelled: Project) -> None:
    prompt = prompt_versions.active()
    active, rules_now = make_model(name="large", learnt=True, prompt=prompt), specs(active_rule_base(labelled))
    pairs = list(Pair.objects.filter(project=labelled).order_by("pk")[:20])
    test = [Labelled(pair, pair.facts(), (0, 0, 0, 1), pair.gold_label, "test") for pair in pairs]
    for pair in pairs[:19]:
        make_prediction(pair=pair, model=active)
    assert comparing.active_figures(labelled, active, test, rules_now) == {"model": str(active), "unknown": 1}
    make_prediction(pair=pairs[19], model=active)
    found = comparing.active_figures(labelled, active, test, rules_now)
    assert found is not None and found["acc2"]["n"] == 20
