"""Due rows that nobody rings for are taken all the same, by workers that stand for them, and deafness is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from catalogue.models import Import
from database.clock import ClockTimestamp
from inference.models import Prediction, PrelabelJob, PrelabelRun
from inference.prelabel import runs
from jobs import heartbeats, listening
from jobs.in_hand import Watch
from jobs.listening import Listener
from jobs.models import JobState, Worker
from projects.models import Project
from tests.world.rows import make_import, make_item, make_pair, make_rule_base

BOTH = ("default", "prelabel")


@pytest.fixture
def run(project: Project, settings: Any) -> PrelabelRun:
    """Three jobs, due for a minute."""
    settings.BROKER_PATIENCE_SECONDS, settings.DEAF_SECONDS = 10, 60
    make_rule_base()
    item = make_item(project=project)
    for number in range(3):
        make_pair(project=project, query=f"mug {number}", item=item)
    Import.objects.update(state=JobState.DONE)
    run = runs.start_run(project, None)
    PrelabelJob.objects.update(due_at=ClockTimestamp() - timedelta(minutes=1))
    return run


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The process's own clock goes on, and no bell rings."""
    monkeypatch.setattr(listening, "watch", Watch())
    monkeypatch.setattr(listening, "BREATH_SECONDS", 0)
    start, passed = time.monotonic(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: start + passed[0])

    def go_on(seconds: float) -> None:
        passed[0] += seconds

    return go_on


def test_rows_are_overdue_for_the_workers_of_their_queue_alone(run: PrelabelRun) -> None:
    assert listening.overdue(BOTH, 10)
    assert not listening.overdue(BOTH, 3600)
    assert not listening.overdue(("default",), 10)


def test_an_import_that_nobody_confirmed_is_never_overdue(project: Project) -> None:
    batch = make_import(project=project)
    Import.objects.filter(pk=batch.pk).update(confirmed=False, due_at=ClockTimestamp() - timedelta(hours=1))
    assert not listening.overdue(BOTH, 10)


def test_a_worker_that_hears_nothing_takes_due_rows_itself(
    run: PrelabelRun, pass_time: Callable[[float], None]
) -> None:
    listener = Listener(BOTH)
    pass_time(9)
    listener._listen(Event())
    assert not Prediction.objects.exists()
    pass_time(2)
    listener._listen(Event())
    assert Prediction.objects.count() == 3
    assert set(run.jobs.values_list("state", flat=True)) == {JobState.DONE}


def test_it_waits_while_bells_ring(run: PrelabelRun, pass_time: Callable[[float], None]) -> None:
    pass_time(11)
    listening.watch.rung()
    listening.watch.answered()
    Listener(BOTH)._listen(Event())
    assert not Prediction.objects.exists()


def again(run: PrelabelRun) -> None:
    run.jobs.update(state=JobState.QUEUED, prediction=None, attempts=0, due_at=ClockTimestamp() - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("dispatcher", "answers", "deaf"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_worker_is_deaf_only_where_somebody_rings_and_the_broker_answers(
    run: PrelabelRun,
    pass_time: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    dispatcher: bool,
    answers: bool,
    deaf: bool,
) -> None:
    monkeypatch.setattr(listening, "broker_answers", lambda: answers)
    if dispatcher:
        heartbeats.Heart((Worker.Kind.DISPATCHER,)).start()
    listener = Listener(BOTH)
    pass_time(11)
    listener._listen(Event())
    assert listener.deaf == ""
    again(run)
    pass_time(50)
    listener._listen(Event())
    assert bool(listener.deaf) == deaf


def test_a_bell_ends_the_suspicion(
    run: PrelabelRun, pass_time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "broker_answers", lambda: True)
    heartbeats.Heart((Worker.Kind.DISPATCHER,)).start()
    listener = Listener(BOTH)
    pass_time(11)
    listener._listen(Event())
    listening.watch.rung()
    listening.watch.answered()
    again(run)
    pass_time(50)
    listener._listen(Event())
    assert listener.deaf == ""


def test_the_broker_of_this_process_answers(db: None) -> None:
    assert listening.broker_answers()


def test_a_broker_that_nobody_runs_does_not_answer(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import Celery, current_app

    gone = Celery("gone", broker="redis://127.0.0.1:1/0", set_as_current=False)  # type: ignore[no-untyped-call]
    monkeypatch.setattr(
        type(current_app._get_current_object()),
        "connection_for_read",
        lambda _self, **options: gone.connection(**options),
    )
    assert not listening.broker_answers()
