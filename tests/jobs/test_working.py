"""What a worker's threads take, in whose turn, and how often they ask."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from annotation.curation import exporting
from annotation.models import Export
from catalogue.models import Import
from inference.models import ModelJob, Prediction, PrelabelJob, PrelabelRun
from inference.prelabel import runs
from jobs import bell, kinds, leasing, working
from jobs.in_hand import watch
from jobs.kinds import Kind
from jobs.leasing import Claim
from jobs.models import JobState
from jobs.working import Crew, Handful, see_to
from projects.models import Person, Project
from tests.processes import wait_until
from tests.world.rows import make_import, make_item, make_pair, make_rule_base


@pytest.fixture
def project(project: Project) -> Project:
    make_rule_base()
    return project


def start_run(project: Project, pairs: int) -> PrelabelRun:
    item = make_item(project=project)
    for number in range(pairs):
        make_pair(project=project, query=f"{project.slug} {number}", item=item)
    Import.objects.update(state=JobState.DONE)  # the rows' own imports are not what waits here
    return runs.start_run(project, None)


def ids(batch: Handful | None) -> list[int]:
    assert batch is not None
    return [claim.job_id for claim in batch.claims]


def pks(run: PrelabelRun) -> list[int]:
    return list(run.jobs.order_by("pk").values_list("pk", flat=True))


def test_due_rows_of_a_line_are_taken_together_oldest_first(project: Project) -> None:
    run = start_run(project, 40)
    crew = Crew(["prelabel"])
    assert ids(crew.next()) == pks(run)[:32]
    assert ids(crew.next()) == pks(run)[32:]
    assert crew.next() is None
    assert set(run.jobs.values_list("state", "attempts")) == {(JobState.RUNNING, 1)}


def test_what_is_taken_is_worked_on(project: Project) -> None:
    run = start_run(project, 3)
    batch = Crew(["prelabel"]).next()
    assert batch is not None and see_to(batch) == 3
    assert Prediction.objects.count() == 3
    assert set(run.jobs.values_list("state", flat=True)) == {JobState.DONE}


def test_only_the_queues_of_a_worker_are_its_work(project: Project) -> None:
    start_run(project, 1)
    assert Crew(["default", "pictures"]).next() is None


def test_an_import_that_nobody_confirmed_is_nobodys_work(project: Project) -> None:
    row = make_import(project=project)
    Import.objects.filter(pk=row.pk).update(confirmed=False)
    assert Crew(["default"]).next() is None


def test_runs_share_the_line(project: Project) -> None:
    long = start_run(project, 100)
    short = start_run(Project.objects.create(slug="hats", name="Hats"), 40)
    crew = Crew(["prelabel"])
    taken = [ids(crew.next()) for _ in range(4)]
    assert taken == [pks(long)[:32], pks(short)[:32], pks(long)[32:64], pks(short)[32:]]


def test_a_kind_whose_rows_fill_the_queue_starves_no_other(project: Project) -> None:
    """However the kinds were registered: a long run, and a training that was asked for after it, on one queue."""
    start_run(project, 100)
    asker = Person.objects.create_person("lena")
    training = ModelJob.objects.create(
        project=project, kind=ModelJob.Kind.TRAIN, source=ModelJob.Source.PEOPLE, requested_by=asker
    )
    crew = Crew(["prelabel"])
    batches = [crew.next() for _ in range(2)]
    assert [batch.kind.code for batch in batches if batch] == ["prelabel", "training"]
    assert ids(batches[1]) == [training.pk]


def test_a_project_that_asks_for_much_holds_up_no_other(project: Project) -> None:
    """Five exports of one, then two of another: they take turns, though the kind names no lines of its own."""
    other = Project.objects.create(slug="hats", name="Hats")
    many = [Export.objects.create(project=project, kind="labels").pk for _ in range(5)]
    few = [Export.objects.create(project=other, kind="labels").pk for _ in range(2)]
    crew = Crew(["default"])
    taken = [ids(crew.next())[0] for _ in range(7)]
    assert taken == [many[0], few[0], many[1], few[1], *many[2:]]


def test_one_more_than_a_project_may_have_waiting_is_refused_and_of_another_is_not(project: Project) -> None:
    for _ in range(50):
        exporting.request_export(project, "labels", None)
    with pytest.raises(leasing.QueueFull, match="50 of these jobs of this project are waiting"):
        exporting.request_export(project, "labels", None)
    exporting.request_export(Project.objects.create(slug="hats", name="Hats"), "labels", None)
    Export.objects.filter(pk=Export.objects.order_by("pk")[0].pk).update(state=JobState.CANCELLED)
    exporting.request_export(project, "labels", None)


def fall(pk: int, times: int) -> None:
    for _ in range(times):
        leasing.claim(PrelabelJob, pk)
        leasing.process_ended(PrelabelJob, watch.life, "exit code 9")


@pytest.fixture
def own_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places that a test takes and never leaves are not those of the next."""
    monkeypatch.setattr(kinds, "_kinds", {
        code: replace(kind, isolation=type(kind.isolation)()) for code, kind in kinds._kinds.items()
    })  # fmt: skip


pytestmark = pytest.mark.usefixtures("own_room")


def test_a_row_whose_process_fell_each_time_goes_alone(project: Project) -> None:
    """After those that were due before it; while it waits for its moment nothing of its kind is begun."""
    run = start_run(project, 3)
    first, *others = pks(run)
    fall(first, 2)
    crew = Crew(["prelabel"])
    beside, alone = crew.next(), crew.next()
    assert ids(beside) == others
    assert alone is not None and (alone.alone, alone.claims) == (first, [])
    assert PrelabelJob.objects.get(pk=first).state == JobState.FAILED  # not claimed before it may begin
    start_run(Project.objects.create(slug="hats", name="Hats"), 1)
    assert crew.next() is None
    assert beside is not None and see_to(beside) == 2
    assert see_to(alone) == 1
    assert set(run.jobs.values_list("state", flat=True)) == {JobState.DONE}
    assert crew.next() is not None


def test_a_row_that_has_had_all_its_tries_is_buried_and_those_behind_it_go_on(project: Project, settings: Any) -> None:
    run = start_run(project, 3)
    first, *others = pks(run)
    PrelabelJob.objects.filter(pk=first).update(state="failed", attempts=settings.JOB_ATTEMPTS, error="closed: shop")
    crew = Crew(["prelabel"])
    spent = crew.next()
    assert spent is not None and spent.alone == first and see_to(spent) == 0
    assert PrelabelJob.objects.get(pk=first).state == JobState.DEAD
    assert ids(crew.next()) == others


def test_an_idle_look_is_one_statement(project: Project) -> None:
    crew = Crew(kinds.queues())
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert crew.next() is None
    assert len(asked) == 1


def test_what_raises_leaves_a_failed_row_with_its_reason(project: Project) -> None:
    def break_down(claims: Sequence[Claim]) -> None:
        raise MemoryError("too big")

    row = make_import(project=project)
    batch = working.pick(Kind("one", "one", Import, break_down), Q())
    assert batch is not None and see_to(batch) == 1
    row.refresh_from_db()
    assert (row.state, row.error) == (JobState.FAILED, "MemoryError: too big")


@contextmanager
def at_work(crews: Sequence[Crew], threads: int) -> Iterator[None]:
    ended = Event()
    all_threads = [Thread(target=crew.keep_working, args=(ended,)) for crew in crews for _ in range(threads)]
    for thread in all_threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        bell.wake()
        for thread in all_threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in all_threads)


def counting(monkeypatch: pytest.MonkeyPatch, looks: list[float]) -> None:
    look = Crew.next

    def counted(crew: Crew) -> Handful | None:
        looks.append(time.monotonic())
        return look(crew)

    monkeypatch.setattr(Crew, "next", counted)


def test_however_many_threads_an_idle_process_looks_once_in_a_second(
    fresh_database: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    counting(monkeypatch, looks)
    monkeypatch.setattr(working, "LOOK_SECONDS", 0.2)
    with django_db_blocker.unblock(), at_work([Crew(["default"])], threads=6):
        wait_until(lambda: len(looks) >= 4, what="four looks")
        assert looks[3] - looks[0] >= 0.6 - 0.01


def test_a_bell_makes_the_look_come_at_once(
    fresh_database: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    counting(monkeypatch, looks)
    monkeypatch.setattr(working, "LOOK_SECONDS", 3600)
    with django_db_blocker.unblock(), at_work([Crew(["default"])], threads=2):
        wait_until(lambda: len(looks) == 1, what="the first look")
        bell.wake()
        wait_until(lambda: len(looks) == 2, what="the second")


def test_threads_of_several_processes_take_every_row_once(
    fresh_database: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    kind = replace(runs.KIND, work=lambda claims: note(claims))

    def note(claims: Sequence[Claim]) -> None:
        taken.extend(claim.job_id for claim in claims)
        leasing.finish_all(PrelabelJob, [(claim, 0) for claim in claims], "attempts")

    with django_db_blocker.unblock():
        monkeypatch.setattr(kinds, "_kinds", {kind.code: kind})
        make_rule_base()
        run = start_run(Project.objects.create(slug="shoes", name="Shoes"), 400)
        wanted = pks(run)
        with at_work([Crew(["prelabel"]) for _ in range(3)], threads=2):
            wait_until(lambda: len(taken) >= 400, what="all rows taken")
    assert sorted(taken) == wanted


def test_a_look_that_fails_is_told_and_followed_by_another(
    fresh_database: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[float] = []

    def fail(crew: Crew) -> None:
        looks.append(time.monotonic())
        raise MemoryError

    monkeypatch.setattr(Crew, "next", fail)
    monkeypatch.setattr(working, "LOOK_SECONDS", 0.1)
    with django_db_blocker.unblock(), at_work([Crew(["default"])], threads=3):
        wait_until(lambda: len(looks) == 3, what="three looks")
    assert looks[2] - looks[0] >= 0.2 - 0.01
    assert "looking for due rows failed" in caplog.text
