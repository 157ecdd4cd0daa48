"""A run stops at the first refusal of its engine: nothing is held against its pairs, its page says why and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalogue.models import Pair
from inference.engines import distilled, learnt
from inference.engines.base import EngineError, EngineUnavailable
from inference.engines.errors import FOR_ALL
from inference.models import LearntModel, ModelVersion, Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun, Trial
from inference.playground import trials
from inference.prelabel import progress, runs, stopping
from inference.prelabel.runs import Wish
from inference.prompting import prompt_versions, prompts
from inference.registry import registry, runnable
from inference.unanswered import WHY_NO_ANSWER
from jobs import leasing
from jobs.models import JobState
from projects.models import AuditEvent, Project
from rules.publishing import newest, specs
from tests.at_work import work_on
from tests.conftest import Cast, refused
from tests.misbehaving.served import served_at
from tests.misbehaving.server import Misbehaving, running
from tests.world.rows import RULE_BODY, activate, make_item, make_pair, make_rule_base

ClientFor = Callable[..., Client]
PAIRS = 70  # more than are asked about together


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with running() as found:
        yield found


@pytest.fixture
def pairs(project: Project) -> list[Pair]:
    make_rule_base()
    items = [make_item(project=project, title=f"Mug number {n}") for n in range(PAIRS)]
    return [make_pair(project=project, query=f"mug {n % 6}", item=item) for n, item in enumerate(items)]


@pytest.fixture
def refusing(server: Misbehaving, project: Project) -> ModelVersion:
    server.reset()
    model = served_at(server, "wrong_key", deadline_seconds=5)
    activate(model=model, project=project)
    return model


def work_off(run: PrelabelRun) -> PrelabelRun:
    while runs.is_open(run):
        assert runs.work_some(run)
    run.refresh_from_db()
    return run


def states(run: PrelabelRun) -> set[tuple[str, int]]:
    return set(PrelabelJob.objects.filter(run=run).values_list("state", "attempts"))


def test_a_refused_key_stops_the_run_and_its_page_says_what_to_do(
    server: Misbehaving, project: Project, pairs: list[Pair], refusing: ModelVersion, cast: Cast, client_for: ClientFor
) -> None:
    run = work_off(runs.start_run(project, cast.max, Wish()))
    assert states(run) == {(JobState.CANCELLED, 0)}
    assert server.of("wrong_key")["calls"] <= runs.TOGETHER
    assert run.refusal.startswith("auth: HTTP 401")
    page = client_for(cast.max).get(reverse("run", args=[project.slug, run.pk])).content.decode()
    assert "Its engine refuses to answer" in page and "LORE_MODEL_KEYS" in page and "Go on with it" in page
    assert "not asked yet" in page and f"<b>0</b> of {PAIRS} pairs" in " ".join(page.split())
    assert 'http-equiv="refresh"' not in page and "hx-trigger" not in page.split('id="watch"')[1].split(">")[0]
    (event,) = AuditEvent.objects.filter(act="run.stopped")
    assert (event.project, event.detail["code"]) == (project, "auth")


def test_a_run_that_was_stopped_goes_on_once_its_engine_is_mended(
    server: Misbehaving, project: Project, pairs: list[Pair], refusing: ModelVersion, cast: Cast, client_for: ClientFor
) -> None:
    run = work_off(runs.start_run(project, cast.max, Wish()))
    ModelVersion.objects.filter(pk=refusing.pk).update(target=server.base_url("good"))
    client_for(cast.max).post(reverse("run-resume", args=[project.slug, run.pk]))
    run = work_off(run)
    assert (run.refusal, run.cancelled_at) == ("", None)
    assert {state for state, _attempts in states(run)} == {JobState.DONE}
    assert Prediction.objects.filter(model=refusing).count() == PAIRS
    assert stopping.last(project, refusing) is None


def test_before_another_run_is_started_the_pages_say_that_the_model_was_refused(
    project: Project, pairs: list[Pair], refusing: ModelVersion, cast: Cast, client_for: ClientFor
) -> None:
    run = work_off(runs.start_run(project, cast.max, Wish()))
    max_ = client_for(cast.max)
    for page in (reverse("runs", args=[project.slug]), reverse("model", args=[project.slug, refusing.pk])):
        assert f"run {run.pk} was stopped by it" in max_.get(page).content.decode()


def test_the_command_and_programs_are_told_why(project: Project, pairs: list[Pair], refusing: ModelVersion) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("prelabel", "--project", project.slug, "--wait", stdout=out, stderr=StringIO())
    answer = json.loads(out.getvalue().splitlines()[-1])
    assert (ended.value.code, answer["code"], answer["dead"]) == (1, "auth", 0)
    assert "LORE_MODEL_KEYS" in answer["error"]


def test_what_was_answered_before_the_refusal_stays(
    server: Misbehaving, project: Project, pairs: list[Pair], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = served_at(server, "good", deadline_seconds=5)
    activate(model=model, project=project)
    run = runs.start_run(project, cast.max, Wish())
    runs.work_some(run)
    ModelVersion.objects.filter(pk=model.pk).update(target=server.base_url("wrong_key"))
    run = work_off(run)
    found = progress.progress(run)
    assert (found.ok, found.dead, found.left) == (runs.TOGETHER, 0, 0)
    assert found.stopped is not None and progress.why_nothing(run, found) is not None
    (listed,) = progress.summaries([run])
    assert (found.done, listed.done, found.waiting) == (runs.TOGETHER, runs.TOGETHER, PAIRS - runs.TOGETHER)


def test_trouble_that_may_pass_stops_no_run(
    server: Misbehaving, project: Project, pairs: list[Pair], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    served_at(server, "always_500", deadline_seconds=5, breaker_failures=0)
    run = runs.start_run(project, cast.max, Wish("always_500"))
    runs.work_some(run)
    run.refresh_from_db()
    assert (run.refusal, run.cancelled_at) == ("", None)
    assert {state for state, _attempts in states(run)} == {JobState.FAILED, JobState.QUEUED}


def test_a_request_that_the_server_refuses_from_the_first_pair_on_stops_the_run(
    server: Misbehaving, project: Project, pairs: list[Pair], cast: Cast
) -> None:
    """Of one pair it might be the pair's; of all of a first batch it is the server's."""
    served_at(server, "strict", deadline_seconds=5)
    run = work_off(runs.start_run(project, cast.max, Wish("strict")))
    assert run.refusal.startswith("bad_request")
    assert PrelabelJob.objects.filter(run=run, state=JobState.DEAD).count() == runs.TOGETHER


def test_every_code_that_stops_a_run_has_its_sentence() -> None:
    assert set(WHY_NO_ANSWER) >= FOR_ALL
    assert not any(EngineUnavailable(code).for_all for code in ("connection", "deadline", "http_5xx", "rate_limited"))
    assert EngineError("auth").for_all


def test_a_comparison_stops_at_the_refusal_and_says_why(
    server: Misbehaving, project: Project, pairs: list[Pair], refusing: ModelVersion, cast: Cast, client_for: ClientFor
) -> None:
    Pair.objects.filter(project=project).update(gold_label="L4")
    shipped = prompts.shipped()
    other = prompt_versions.write("lore-2", {**shipped.templates, "grade": "One.\n"}, shipped.aliases, note="", by=None)
    found = trials.start_comparison(project, refusing, prompt_versions.active(project), other, 60, cast.max)
    while due := list(leasing.due(Trial).values_list("pk", flat=True)[:4]):
        work_on(trials.KIND, due)
    assert trials.compared(found).ended
    assert Trial.objects.filter(comparison=found, state=JobState.DEAD).count() == 1
    page = client_for(cast.max).get(reverse("comparison", args=[project.slug, found.pk])).content.decode()
    assert "nothing more was asked" in page and "refuses the key" in page


# revisions that follow rules and code


def test_a_promoted_cold_start_answers_after_an_upgrade_of_its_code(
    project: Project, pairs: list[Pair], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.promote(registry.cold_start(specs(newest())), project, cast.max)
    before = registry.active(project)
    monkeypatch.setattr(distilled, "CODE_VERSION", "2")
    run = work_off(runs.start_run(project, None, Wish()))
    assert {state for state, _attempts in states(run)} == {JobState.DONE}
    assert run.model.revision.startswith("cold-start-2") and registry.active(project) == run.model != before
    event = AuditEvent.objects.get(act="model.followed_rules")
    assert (event.project, event.detail["instead_of"]) == (project, str(before))


def test_a_run_that_an_upgrade_met_in_the_middle_is_stopped_and_goes_on_as_the_model_is_now(
    project: Project, pairs: list[Pair], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start_run(project, cast.max, Wish())
    runs.work_some(run)
    old = run.model
    monkeypatch.setattr(distilled, "CODE_VERSION", "2")
    run = work_off(run)
    assert run.refusal.startswith("other_revision") and progress.progress(run).dead == 0
    runs.resume(run, cast.max)
    run = work_off(PrelabelRun.objects.get(pk=run.pk))
    assert run.model != old and registry.active(project) == run.model
    assert Prediction.objects.filter(model=run.model).count() == PAIRS - runs.TOGETHER
    assert not PrelabelAttempt.objects.exclude(outcome="ok").exists()


def test_a_learnt_model_of_other_features_is_refused_before_a_run_and_at_promotion(
    project: Project, pairs: list[Pair], cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be told other numbers than it learnt to read."""
    model = ModelVersion.objects.create(
        name="distilled-shoes", engine="distilled", revision="learnt-1", prompt_version=learnt.LearntDistilled.prompt_version,
        learnt=True,
    )  # fmt: skip
    LearntModel.objects.create(version=model, project=project, source="gold", body=b"", report={"cold_start": {}})
    registry.promote(model, project, cast.max)
    monkeypatch.setattr(learnt.LearntDistilled, "prompt_version", "features-999")
    with refused("other_revision"):
        runs.start_run(project, cast.max, Wish())
    assert not PrelabelRun.objects.exists()
    other = Project.objects.create(slug="boots", name="Boots")
    with refused("other_revision"):
        registry.promote(model, other, cast.max)
    max_ = client_for(cast.max)
    for page in (reverse("runs", args=[project.slug]), reverse("model", args=[project.slug, model.pk])):
        assert "Train it again" in max_.get(page).content.decode()


def test_an_engine_that_is_gone_is_refused_at_promotion(project: Project, cast: Cast) -> None:
    gone = ModelVersion.objects.create(name="old", engine="oracle", revision="1", prompt_version="1", learnt=True)
    with refused("unknown_engine"):
        registry.promote(gone, project, cast.max)
    assert runnable.why_not(registry.cold_start(())) is None


def test_rules_published_after_a_promotion_of_the_cold_start_kill_no_job(
    project: Project, pairs: list[Pair], cast: Cast
) -> None:
    registry.promote(registry.cold_start(specs(newest())), project, cast.max)
    make_rule_base(body={**RULE_BODY, "label": "L3"})
    run = work_off(runs.start_run(project, None, Wish()))
    assert {state for state, _attempts in states(run)} == {JobState.DONE}


def test_a_cold_start_is_promoted_as_the_rules_are_now(project: Project, pairs: list[Pair], cast: Cast) -> None:
    old = registry.cold_start(specs(newest()))
    make_rule_base(body={**RULE_BODY, "label": "L3"})
    promoted: Any = registry.promote(old, project, cast.max)
    assert promoted == registry.cold_start(specs(newest())) == registry.active(project) != old
