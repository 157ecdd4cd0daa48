"""A kind of job is declared and registered; nothing else has to know it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event, Thread

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Q

from catalogue.models import Import
from jobs import heartbeats, kinds, leasing
from jobs.dispatching import Dispatcher
from jobs.in_hand import watch
from jobs.kinds import Kind, single
from jobs.leasing import Claim
from jobs.models import JobState
from jobs.working import Crew, see_to
from projects.models import Project
from tests.at_work import work_on
from tests.world.rows import make_import

QUEUE = "errands"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty of kinds and chores."""
    monkeypatch.setattr(kinds, "_kinds", {})
    monkeypatch.setattr(kinds, "_chores", {})


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


def test_a_kind_is_worked_on_rung_for_and_counted_without_another_edit(errands: list[int]) -> None:
    assert heartbeats.depths() == [("errand", 3, 0, 0)]
    assert kinds.queues() == (QUEUE,)
    assert Dispatcher().sweep() == {QUEUE}
    crew = Crew([QUEUE])
    seen = [see_to(batch) for batch in iter(crew.next, None)]
    assert seen == [2, 1]
    assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == [JobState.DONE] * 3 + ["queued"]
    assert heartbeats.depths() == [("errand", 0, 0, 0)]


def test_the_dead_of_a_kind_are_told_by_its_name(errands: list[int]) -> None:
    (claim,) = leasing.claim_many(Import, errands[:1])
    leasing.fail_all(Import, [claim], "wrong_shop: closed", retry=False)
    assert [(dead.kind, dead.job_id, dead.code) for dead in heartbeats.dead_jobs()] == [
        ("errand", errands[0], "wrong_shop")
    ]


def test_two_kinds_share_a_table(errands: list[int], project: Project) -> None:
    kinds.register(Kind("chat", "chat", Import, single(lambda pk, token: None), "default", only=Q(confirmed=False)))
    assert [(depth.kind, depth.waiting) for depth in heartbeats.depths()] == [("errand", 3), ("chat", 1)]
    (batch,) = iter(Crew(["default"]).next, None)
    assert [claim.job_id for claim in batch.claims] == errands[3:]


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
    assert work_on(Kind("one", "one", Import, break_down), [alone.pk]) == 1
    with pytest.raises(MemoryError):
        work_on(Kind("many", "many", Import, break_down, together=2), [beside.pk])
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
