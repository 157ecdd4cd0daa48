"""A kind of job is declared and registered; nothing else has to know it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event, Thread

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db.models import Q

from catalogue.models import Import
from database.clock import ClockTimestamp
from jobs import dispatching, heartbeats, kinds, leasing, listening, tasks
from jobs.in_hand import watch
from jobs.kinds import Kind, single
from jobs.leasing import Claim
from jobs.models import JobState
from projects.models import Project
from tests.world.rows import make_import

QUEUE = "errands"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Empty of kinds and chores; and the broker of the tests, which lives in this process, empty too."""
    monkeypatch.setattr(kinds, "_kinds", {})
    monkeypatch.setattr(kinds, "_chores", {})
    yield
    with current_app.connection_for_write() as connection:
        connection.channel().queue_purge(QUEUE)


@pytest.fixture
def errands(table: None, project: Project) -> list[int]:
    """Three rows of a kind that only this test knows, and one that a person has to confirm first."""

    def run(claims: Sequence[Claim]) -> None:
        for claim in claims:
            leasing.finish(Import.objects.get(pk=claim.job_id), claim.token)

    kinds.register(Kind("errand", "errand", Import, run, QUEUE, together=2, only=Q(confirmed=True)))
    made = [make_import(project=project).pk for _ in range(4)]
    Import.objects.filter(pk=made[-1]).update(confirmed=False)
    return made


def rung() -> list[tuple[str, list[object]]]:
    """Task and arguments, as a worker of the queue would find them."""
    found = []
    with current_app.connection_for_read() as connection:
        channel = connection.channel()
        while message := channel.basic_get(QUEUE, no_ack=True):
            found.append((message.headers["task"], json.loads(message.body)[0]))
    return found


def test_a_kind_is_rung_for_worked_on_and_counted_without_another_edit(errands: list[int]) -> None:
    assert heartbeats.depths() == [("errand", 3, 0, 0)]
    assert kinds.queues() == (QUEUE,)
    assert dispatching.sweep() == 3
    messages = rung()
    assert [arguments for _, arguments in messages] == [["errand", errands[:2]], ["errand", errands[2:3]]]
    for task, arguments in messages:
        current_app.tasks[task](*arguments)
    assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == [JobState.DONE] * 3 + ["queued"]
    assert heartbeats.depths() == [("errand", 0, 0, 0)]


def test_a_kind_is_taken_without_a_bell_by_workers_of_its_queue(errands: list[int]) -> None:
    Import.objects.update(due_at=ClockTimestamp() - timedelta(minutes=1))
    assert listening.overdue([QUEUE], 10) and not listening.overdue(["default"], 10)
    assert [(kind.code, ids) for kind, ids in listening.heads([QUEUE])] == [("errand", errands[:2])]


def test_the_dead_of_a_kind_are_told_by_its_name(errands: list[int]) -> None:
    (claim,) = leasing.claim_many(Import, errands[:1])
    leasing.fail_all(Import, [claim], "wrong_shop: closed", retry=False)
    assert [(dead.kind, dead.job_id, dead.code) for dead in heartbeats.dead_jobs()] == [
        ("errand", errands[0], "wrong_shop")
    ]


def test_two_kinds_share_a_table(errands: list[int], project: Project) -> None:
    kinds.register(Kind("chat", "chat", Import, single(lambda pk, token: None), "default", only=Q(confirmed=False)))
    assert [(depth.kind, depth.waiting) for depth in heartbeats.depths()] == [("errand", 3), ("chat", 1)]
    assert [ids for _, ids in listening.heads(["default"])] == [errands[3:]]


def test_registering_a_kind_twice_changes_nothing(table: None) -> None:
    for _ in range(2):
        for name in settings.OUR_APPS:
            apps.get_app_config(name).ready()
    assert len(kinds.every()) == len({kind.code for kind in kinds.every()})
    assert len(kinds.chores(["default", kinds.DISPATCHING])) == len({chore.do for chore in kinds._chores.values()})


def test_a_single_row_that_raises_fails_with_its_reason_and_others_lease_runs_on(table: None, project: Project) -> None:
    """Who takes more than one sees to each of them itself: what it raises says nothing of a single row."""

    def break_down(claims: Sequence[Claim]) -> None:
        raise MemoryError("too big")

    alone, beside = make_import(project=project), make_import(project=project)
    assert tasks.work_on(Kind("one", "one", Import, break_down), [alone.pk]) == 1
    with pytest.raises(MemoryError):
        tasks.work_on(Kind("many", "many", Import, break_down, together=2), [beside.pk])
    alone.refresh_from_db()
    beside.refresh_from_db()
    assert (alone.state, alone.error, beside.state) == ("failed", "MemoryError: too big", "running")
    assert not watch.stuck(-1)


def test_a_chore_goes_on_while_there_is_something_to_do_and_rests_otherwise(
    table: None, caplog: pytest.LogCaptureFixture
) -> None:
    left, done_at = [0, 3, 2, 1], []
    ended = Event()

    def sweep_up() -> int:
        done_at.append(time.monotonic())
        if not left:
            ended.set()
            return 0
        if left[-1] == 2:
            left.pop()
            raise LookupError("a broom")
        return left.pop()

    kinds.chore(sweep_up, seconds=0.2, at_it=0.0, queue=QUEUE)
    (chore,) = kinds.chores([QUEUE])
    assert kinds.chores(["default"]) == []
    thread = Thread(target=kinds.keep_doing, args=(chore, ended))
    thread.start()
    thread.join(10)
    assert not thread.is_alive() and not left
    assert "sweep_up failed; it is tried again" in caplog.text
    # 1 (at it), 2 (failed: rests), 3 (at it), 0 (rests), the end: two rests of 0.2 s
    assert done_at[-1] - done_at[0] >= 0.4
