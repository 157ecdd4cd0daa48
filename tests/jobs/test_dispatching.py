"""The dispatcher rings for what is due; a message that nobody meant does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from kombu.exceptions import OperationalError

from catalogue.importing import running
from catalogue.models import Import
from database.clock import ClockTimestamp
from inference.models import Prediction, PrelabelJob
from inference.prelabel import runs
from jobs import dispatching, kinds, leasing, tasks
from jobs.in_hand import watch
from jobs.models import Job, JobState
from projects.models import Project
from tests.world.rows import make_import, make_item, make_pair, make_rule_base


@pytest.fixture(autouse=True)
def empty_queues() -> Iterator[None]:
    """The broker of the tests lives in this process: memory://."""
    purge()
    yield
    purge()


def purge() -> None:
    with current_app.connection_for_write() as connection:
        for name in kinds.queues():
            connection.channel().queue_purge(name)


@pytest.fixture
def project(project: Project) -> Project:
    make_rule_base()
    return project


def messages(name: str) -> list[tuple[str, Any]]:
    """Kind and ids, as a worker would find them."""
    found = []
    with current_app.connection_for_read() as connection:
        channel = connection.channel()
        while message := channel.basic_get(name, no_ack=True):
            assert message.headers["task"] == tasks.RUN
            code, ids = json.loads(message.body)[0]
            found.append((code, ids))
    return found


def start_run(project: Project, pairs: int) -> list[int]:
    item = make_item(project=project)
    for number in range(pairs):
        make_pair(project=project, query=f"{project.slug} {number}", item=item)
    Import.objects.update(state=JobState.DONE)  # the rows' own imports are not what is rung for here
    run = runs.start_run(project, None)
    return list(run.jobs.order_by("pk").values_list("pk", flat=True))


def make_due(model: type[Job], pks: list[int]) -> None:
    model._default_manager.filter(pk__in=pks).update(due_at=ClockTimestamp(), rung_at=None)


def test_due_jobs_of_a_run_are_rung_for_many_to_a_message(project: Project) -> None:
    pks = start_run(project, 40)
    assert dispatching.sweep() == 40
    rung = messages("prelabel")
    assert [len(ids) for _, ids in rung] == [32, 8]
    assert [pk for _, ids in rung for pk in ids] == pks


def test_a_row_is_not_rung_for_again_at_once(project: Project) -> None:
    start_run(project, 3)
    assert (dispatching.sweep(), dispatching.sweep()) == (3, 0)


def test_a_row_whose_bell_was_lost_is_rung_for_again(project: Project) -> None:
    pks = start_run(project, 3)
    dispatching.sweep()
    PrelabelJob.objects.filter(pk__in=pks).update(rung_at=ClockTimestamp() - timedelta(seconds=16))
    assert dispatching.sweep() == 3


def test_a_row_whose_process_fell_each_time_is_rung_for_alone(project: Project) -> None:
    first, *others = start_run(project, 3)
    for _ in range(2):
        leasing.claim(PrelabelJob, first)
        leasing.fell(PrelabelJob, watch.life, "exit code 9")
    dispatching.sweep()
    assert [ids for _, ids in messages("prelabel")] == [[first], others]


def test_runs_share_the_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """4 messages of 32 ids may wait: of two runs each gets room for 64, however long the first is."""
    monkeypatch.setattr(dispatching, "MOST_WAITING", 4)
    start_run(project, 100)
    short = start_run(Project.objects.create(slug="hats", name="Hats"), 5)
    assert dispatching.sweep() == 64 + 5
    assert {pk for _, ids in messages("prelabel") for pk in ids} >= set(short)


def test_nobody_rings_while_the_queue_is_full(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MOST_WAITING", 1)
    pks = start_run(project, 3)
    dispatching.sweep()
    PrelabelJob.objects.filter(pk__in=pks).update(rung_at=None)
    assert dispatching.sweep() == 0
    messages("prelabel")
    assert dispatching.sweep() == 3


def test_only_confirmed_imports_are_rung_for(project: Project) -> None:
    confirmed = make_import(project=project)
    waiting = make_import(project=project)
    Import.objects.filter(pk=waiting.pk).update(confirmed=False)
    dispatching.sweep()
    assert messages("default") == [("import", [confirmed.pk])]


def test_an_absent_broker_only_delays(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pks = start_run(project, 3)

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(current_app._get_current_object(), "send_task", refuse)
        assert dispatching.sweep() == 0
    assert "the broker does not answer" in caplog.text
    assert PrelabelJob.objects.filter(pk__in=pks, rung_at=None).count() == 3
    assert dispatching.sweep() == 3


def test_a_doubled_message_does_nothing(project: Project) -> None:
    pks = start_run(project, 3)
    assert (tasks.run("prelabel", pks), tasks.run("prelabel", pks)) == (3, 0)
    assert Prediction.objects.count() == 3


@pytest.mark.parametrize("forged", [None, "1", {"a": 1}, ["x"], [True], [-1], [2**70], [[1]], 7, [2**40]])
def test_a_forged_message_does_nothing(project: Project, forged: object) -> None:
    start_run(project, 1)
    assert tasks.run("prelabel", forged) == 0
    tasks.run("import", forged)
    tasks.run("export", forged)
    assert set(PrelabelJob.objects.values_list("state", flat=True)) == {JobState.QUEUED}


@pytest.mark.parametrize("forged", [[2**40], [2**70], "1", None, []])
def test_a_message_that_no_dispatcher_can_have_sent_is_told_once(
    project: Project, caplog: pytest.LogCaptureFixture, forged: object
) -> None:
    tasks.run("prelabel", forged)
    assert caplog.text.count("a message names no prelabel job") == 1


def test_a_doubled_message_is_nothing_to_tell(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    pks = start_run(project, 2)
    for _ in range(2):
        tasks.run("prelabel", pks)
    assert "names no" not in caplog.text


def test_a_message_for_an_import_that_nobody_confirmed_does_nothing(project: Project) -> None:
    row = make_import(project=project)
    Import.objects.filter(pk=row.pk).update(confirmed=False)
    tasks.run("import", [row.pk])
    row.refresh_from_db()
    assert (row.state, row.attempts) == (JobState.QUEUED, 0)


def test_a_task_that_raises_leaves_a_failed_row_with_its_reason(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise MemoryError("too big")

    monkeypatch.setitem(kinds._kinds, "import", replace(running.KIND, work=break_down))
    row = make_import(project=project)
    tasks.run("import", [row.pk])
    row.refresh_from_db()
    assert (row.state, row.error) == (JobState.FAILED, "MemoryError: too big")


def test_two_dispatchers_ring_once_for_each_row(fresh_database: Any, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        make_rule_base()
        pks = start_run(Project.objects.create(slug="shoes", name="Shoes"), 200)
        start = Barrier(2)

        def ring() -> None:
            start.wait()
            try:
                dispatching.sweep()
            finally:
                connection.close()

        current_app.set_default()
        threads = [Thread(target=ring) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rung = [pk for _, ids in messages("prelabel") for pk in ids]
        assert sorted(rung) == pks
