"""The pages of pre-label runs: start, watch, cancel, try again; for those who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inference import asking
from inference.models import PrelabelJob, PrelabelRun
from inference.prelabel import runs
from jobs import heartbeats, leasing
from jobs.models import JobState, Worker
from projects.models import AuditEvent, Person, Project
from tests.at_work import work_on
from tests.world.rows import make_item, make_pair, make_prediction, make_rule_base

ClientFor = Callable[[Person], Client]


@pytest.fixture
def stocked(project: Project) -> Project:
    make_rule_base()
    for number in range(3):
        make_pair(project=project, item=make_item(project=project, title=f"Mug <b>{number}</b>"))
    return project


def start(project: Project) -> PrelabelRun:
    return runs.start_run(project, None)


def let_die(run: PrelabelRun, error: str = "unavailable: no server") -> None:
    for pk in run.jobs.values_list("pk", flat=True):
        token = leasing.claim(PrelabelJob, pk)
        assert token is not None
        leasing.fail(run.jobs.get(pk=pk), token, error, retry=False)


def page(client: Client, name: str, *args: object, **headers: str) -> str:
    response = client.get(reverse(name, args=args), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_lead_starts_a_run_and_lands_on_its_page(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    response = client_for(cast.lena).post(reverse("runs", args=["shoes"]), {"engine": "distilled"})
    run = PrelabelRun.objects.get()
    assert response.url == reverse("run", args=["shoes", run.pk])
    assert (run.requested_by, run.pairs) == (cast.lena, 3)
    assert AuditEvent.objects.get(act="run.started").actor == cast.lena


def test_starting_a_run_asks_no_engine(
    stocked: Project, cast: Any, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a web request reached an engine")

    monkeypatch.setattr(asking, "judge", never)
    client_for(cast.lena).post(reverse("runs", args=["shoes"]), {"engine": ""})
    assert PrelabelJob.objects.filter(state=JobState.QUEUED).count() == 3


def test_the_start_page_says_that_the_cold_start_has_not_learnt(
    stocked: Project, cast: Any, client_for: ClientFor
) -> None:
    assert "has not learnt" in page(client_for(cast.max), "runs", "shoes")


def test_an_unknown_engine_is_refused(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    response = client_for(cast.lena).post(reverse("runs", args=["shoes"]), {"model": "<script>"})
    assert response.status_code == 400
    assert "<script>" not in response.content.decode().replace("<script src=", "")
    assert not PrelabelRun.objects.exists()


def test_a_project_without_pairs_is_told_to_import(cast: Any, client_for: ClientFor) -> None:
    make_rule_base()
    client = client_for(cast.lena)
    assert "Import pairs" in page(client, "runs", "shoes")
    assert client.post(reverse("runs", args=["shoes"])).status_code == 409


def test_without_rules_the_page_says_how_to_load_them(cast: Any, client_for: ClientFor) -> None:
    response = client_for(cast.lena).post(reverse("runs", args=["shoes"]))
    assert response.status_code == 409
    assert "load_rules" in response.content.decode()


def test_a_running_run_is_watched_and_an_ended_one_is_not(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    run, client = start(stocked), client_for(cast.lena)
    fragment = page(client, "run", "shoes", run.pk, **{"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in fragment and "<html" not in fragment
    work_on(runs.KIND, list(run.jobs.values_list("pk", flat=True)))
    ended = page(client, "run", "shoes", run.pk, **{"HX-Request": "true"})
    assert "every 2s" not in ended and "This run is done" in ended


def test_the_page_says_when_no_worker_is_running(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    run, client = start(stocked), client_for(cast.lena)
    assert "No worker is running" in page(client, "run", "shoes", run.pk)
    heartbeats.Heart((Worker.Kind.DISPATCHER, Worker.Kind.WORKER)).start()
    assert "No worker is running" not in page(client, "run", "shoes", run.pk)


def test_dead_jobs_are_shown_with_their_reason_and_tried_again(
    stocked: Project, cast: Any, client_for: ClientFor
) -> None:
    run, client = start(stocked), client_for(cast.lena)
    let_die(run)
    html = page(client, "run", "shoes", run.pk)
    assert "unavailable" in html and "Mug &lt;b&gt;0" in html and "<b>0" not in html
    client.post(reverse("run-replay", args=["shoes", run.pk]))
    assert set(run.jobs.values_list("state", flat=True)) == {JobState.QUEUED}
    assert AuditEvent.objects.filter(act="run.replayed", actor=cast.lena).exists()


def test_failures_by_reason_tell_what_the_server_said(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    run = start(stocked)
    let_die(run, "bad_request: HTTP 400. It says: Unsupported parameter: <b>max_tokens</b>")
    table = page(client_for(cast.lena), "run", "shoes", run.pk).partition("Dead jobs")[0]
    assert "HTTP 400. It says: Unsupported parameter: &lt;b&gt;max_tokens&lt;/b&gt;" in table


def test_invalid_answers_are_told_in_a_sentence_too(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    run = start(stocked)
    job = run.jobs.select_related("pair").first()
    assert job is not None
    prediction = make_prediction(pair=job.pair, status="invalid", reason="prose")
    run.jobs.filter(pk=job.pk).update(state=JobState.DONE, prediction=prediction)
    assert "It answered in prose" in page(client_for(cast.lena), "run", "shoes", run.pk)


def test_a_cancelled_run_stops(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    run, client = start(stocked), client_for(cast.lena)
    client.post(reverse("run-cancel", args=["shoes", run.pk]))
    assert set(run.jobs.values_list("state", flat=True)) == {JobState.CANCELLED}
    assert work_on(runs.KIND, list(run.jobs.values_list("pk", flat=True))) == 0
    assert "was cancelled" in page(client, "run", "shoes", run.pk)


def test_a_run_of_another_project_is_not_found(stocked: Project, cast: Any, client_for: ClientFor) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    make_pair(project=other)
    foreign = start(other)
    client = client_for(cast.lena)
    assert client.get(reverse("run", args=["shoes", foreign.pk])).status_code == 404
    for name in ("run-cancel", "run-replay"):
        assert client.post(reverse(name, args=["shoes", foreign.pk])).status_code == 404
    assert foreign.jobs.filter(state=JobState.QUEUED).count() == 1


@pytest.mark.parametrize("who", ["ana", "ada", "rosa", "otto", "root", "eve"])
def test_only_leads_and_ml_engineers_see_and_start_runs(
    stocked: Project, cast: Any, client_for: ClientFor, who: str
) -> None:
    client = client_for(getattr(cast, who))
    run = start(stocked)
    assert client.get(reverse("runs", args=["shoes"])).status_code == 404
    assert client.post(reverse("runs", args=["shoes"])).status_code == 404
    assert client.post(reverse("run-cancel", args=["shoes", run.pk])).status_code == 404
    assert PrelabelRun.objects.count() == 1


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_runs(
    stocked: Project, cast: Any, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        start(stocked)
    client = client_for(cast.lena)
    with django_assert_max_num_queries(12):
        html = page(client, "runs", "shoes")
    assert html.count("/runs/") >= 5
