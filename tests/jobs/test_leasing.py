"""A row of work is taken once, held for a time, and ends in exactly one state."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, Q

from catalogue.models import Import
from database.clock import ClockTimestamp
from jobs import leasing
from jobs.in_hand import watch
from jobs.models import JobState
from projects.models import Project
from tests.processes import wait_until
from tests.world.rows import make_import


@pytest.fixture
def job(project: Project) -> Import:
    return make_import(project=project)


def fresh(job: Import) -> Import:
    return Import.objects.get(pk=job.pk)


def let_the_lease_run_out(job: Import) -> None:
    past = ClockTimestamp() - timedelta(seconds=1)
    Import.objects.filter(pk=job.pk).update(lease_until=past, due_at=past)


def make_due(job: Import) -> None:
    Import.objects.filter(pk=job.pk).update(due_at=ClockTimestamp())


def test_a_claim_runs_the_row_and_counts_the_attempt_before_work_starts(job: Import) -> None:
    token = leasing.claim(Import, job.pk)
    taken = fresh(job)
    assert (taken.state, taken.attempts, taken.token) == (JobState.RUNNING, 1, token)


def test_a_row_is_claimed_once(job: Import) -> None:
    assert leasing.claim(Import, job.pk) is not None
    assert leasing.claim(Import, job.pk) is None


def test_an_absent_row_is_not_claimed(db: None) -> None:
    assert leasing.claim(Import, 2**40) is None
    assert leasing.claim_many(Import, []) == []


def test_a_row_that_does_not_meet_the_condition_is_not_claimed(job: Import) -> None:
    Import.objects.filter(pk=job.pk).update(confirmed=False)
    assert leasing.claim(Import, job.pk, Q(confirmed=True)) is None
    assert fresh(job).attempts == 0


def test_a_row_whose_time_has_not_come_is_left_alone(job: Import) -> None:
    Import.objects.filter(pk=job.pk).update(due_at=ClockTimestamp() + timedelta(hours=1))
    assert leasing.claim(Import, job.pk) is None


def test_a_row_whose_lease_ran_out_is_taken_by_another_with_a_new_token(job: Import) -> None:
    first = leasing.claim(Import, job.pk)
    let_the_lease_run_out(job)
    second = leasing.claim(Import, job.pk)
    assert second is not None and second != first
    assert fresh(job).attempts == 2


def its_process_falls() -> None:
    assert leasing.process_ended(Import, watch.life, "exit code 9")


def test_a_row_whose_process_fell_each_time_has_its_last_try_alone(job: Import, project: Project) -> None:
    """Three attempts: the second may stand beside others, who then have one left too; the third may not."""
    for _ in range(2):
        other = make_import(project=project)
        taken = leasing.claim_many(Import, [job.pk, other.pk])
        assert [claim.job_id for claim in taken] == [job.pk, other.pk]
        leasing.finish(other, taken[1].token)
        its_process_falls()
    other = make_import(project=project)
    assert leasing.head(leasing.due(Import).filter(pk__in=[job.pk, other.pk]), 5) == [(job.pk, True), (other.pk, False)]
    assert [claim.job_id for claim in leasing.claim_many(Import, [job.pk, other.pk])] == [other.pk]
    assert leasing.claim(Import, job.pk) is not None


def test_renewing_moves_the_end_of_the_lease(job: Import) -> None:
    token = leasing.claim(Import, job.pk)
    assert token is not None
    let_the_lease_run_out(job)
    assert leasing.renew(job, token)
    assert leasing.claim(Import, job.pk) is None


def test_a_foreign_token_neither_renews_nor_finishes_nor_fails(job: Import) -> None:
    leasing.claim(Import, job.pk)
    forged = uuid.uuid4()
    assert not leasing.renew(job, forged)
    assert not leasing.finish(job, forged, read=7)
    assert not leasing.fail(job, forged, "no")
    assert (fresh(job).state, fresh(job).read) == (JobState.RUNNING, 0)


def test_finishing_writes_its_fields_with_the_state(job: Import) -> None:
    token = leasing.claim(Import, job.pk)
    assert token is not None and leasing.finish(job, token, read=7)
    done = fresh(job)
    assert (done.state, done.read, done.lease_until) == (JobState.DONE, 7, None)
    assert done.finished_at is not None
    assert leasing.claim(Import, job.pk) is None


def test_a_late_finish_is_superseded(job: Import) -> None:
    late = leasing.claim(Import, job.pk)
    let_the_lease_run_out(job)
    current = leasing.claim(Import, job.pk)
    assert late is not None and current is not None
    assert not leasing.finish(job, late, read=1)
    assert leasing.finish(job, current, read=2)
    assert fresh(job).read == 2


def test_a_failure_waits_longer_each_time_and_dies_after_the_last_attempt(job: Import, settings: Any) -> None:
    settings.JOB_ATTEMPTS = 3
    states = []
    for _ in range(3):
        make_due(job)
        token = leasing.claim(Import, job.pk)
        assert token is not None
        assert leasing.fail(fresh(job), token, ValueError("no such file"))
        states.append(fresh(job).state)
    assert states == [JobState.FAILED, JobState.FAILED, JobState.DEAD]
    assert fresh(job).error == "ValueError: no such file"
    make_due(job)
    assert leasing.claim(Import, job.pk) is None


def test_the_pause_doubles_within_its_jitter_and_has_an_end(job: Import, settings: Any) -> None:
    """5 s times 2^(n-1), at most 300 s, of which between a half and all is waited."""
    settings.JOB_ATTEMPTS = 100
    for attempts, longest in ((1, 5), (2, 10), (3, 20), (7, 300), (50, 300)):
        Import.objects.filter(pk=job.pk).update(attempts=attempts - 1, due_at=ClockTimestamp(), state=JobState.QUEUED)
        token = leasing.claim(Import, job.pk)
        assert token is not None and leasing.fail(job, token, "no")
        left = ExpressionWrapper(F("due_at") - ClockTimestamp(), output_field=DurationField())
        pause = Import.objects.filter(pk=job.pk).values_list(left).get()[0]
        assert longest / 2 - 1 < pause.total_seconds() <= longest


def test_a_failure_that_no_retry_can_mend_is_dead_at_once(job: Import) -> None:
    token = leasing.claim(Import, job.pk)
    assert token is not None and leasing.fail(job, token, "wrong_file: not a table", retry=False)
    assert fresh(job).state == JobState.DEAD


def test_a_row_that_ends_its_process_is_dead_after_exactly_all_its_starts(job: Import, settings: Any) -> None:
    settings.JOB_ATTEMPTS = 3
    starts = 0
    while leasing.claim(Import, job.pk) is not None:
        starts += 1
        its_process_falls()
    assert starts == 3
    assert (fresh(job).state, fresh(job).error) == (JobState.DEAD, "process_ended: exit code 9")


def test_only_what_that_process_had_in_hand_falls_with_it(job: Import, project: Project) -> None:
    leasing.claim(Import, job.pk)
    waiting = make_import(project=project)
    assert leasing.process_ended(Import, uuid.uuid4(), "exit code 9") == 0
    assert leasing.process_ended(Import, watch.life, "exit code 9") == 1
    assert (fresh(job).state, fresh(waiting).state) == (JobState.FAILED, JobState.QUEUED)
    assert leasing.claim(Import, job.pk) is not None  # due at once


def test_a_worker_that_vanished_is_not_held_against_the_row_until_the_last_time(job: Import, settings: Any) -> None:
    """A limit of 5 vanishes, and 3 attempts of which none has failed: five starts, the fifth of them alone."""
    settings.JOB_ATTEMPTS, settings.JOB_VANISHES = 3, 5
    alone = []
    while found := leasing.head(leasing.due(Import), 1):
        alone.append(found[0].alone)
        if leasing.claim(Import, job.pk) is None:
            break
        let_the_lease_run_out(job)
    assert alone == [False, False, False, False, True, True]  # asked for once more, it is buried
    assert fresh(job).state == JobState.DEAD
    assert fresh(job).error.startswith("lease_ran_out")
    assert fresh(job).attempts == 5


def test_tries_that_vanished_leave_a_row_all_its_attempts(job: Import, settings: Any) -> None:
    """Two vanish, then two fail of three: 4 attempts less 2 that vanished are 2, so one is left."""
    settings.JOB_ATTEMPTS = 3
    for _ in range(2):
        leasing.claim(Import, job.pk)
        let_the_lease_run_out(job)
    for state in (JobState.FAILED, JobState.FAILED, JobState.DEAD):
        token = leasing.claim(Import, job.pk)
        assert token is not None and leasing.fail(fresh(job), token, ValueError("no such file"))
        assert fresh(job).state == state
        make_due(job)


def test_a_kill_from_outside_during_the_last_try_alone_leaves_another_alone(job: Import) -> None:
    for _ in range(2):
        leasing.claim(Import, job.pk)
        its_process_falls()
    assert leasing.claim(Import, job.pk) is not None
    let_the_lease_run_out(job)
    assert leasing.head(leasing.due(Import), 1) == [(job.pk, True)]
    assert leasing.claim(Import, job.pk) is not None


def test_cancelling_stops_what_has_not_ended_and_the_worker_finds_out(job: Import, project: Project) -> None:
    done = make_import(project=project)
    token = leasing.claim(Import, done.pk)
    assert token is not None and leasing.finish(done, token)
    running = leasing.claim(Import, job.pk)
    assert running is not None
    assert leasing.cancel(Import.objects.filter(project=project)) == 1
    assert not leasing.renew(job, running)
    assert not leasing.finish(job, running)
    assert (fresh(job).state, fresh(done).state) == (JobState.CANCELLED, JobState.DONE)


def test_replaying_gives_dead_rows_all_their_attempts_again(job: Import) -> None:
    leasing.claim(Import, job.pk)
    let_the_lease_run_out(job)
    token = leasing.claim(Import, job.pk)
    assert token is not None
    leasing.fail(job, token, "no", retry=False)
    assert leasing.replay(Import.objects.all()) == 1
    again = fresh(job)
    assert (again.state, again.attempts, again.vanished, again.finished_at) == (JobState.QUEUED, 0, 0, None)
    assert leasing.claim(Import, job.pk) is not None


def test_an_error_text_is_short_and_storable() -> None:
    assert leasing.error_text("a\x00b\ud800" + "x" * 900) == "ab?" + "x" * 497
    assert leasing.error_text(KeyError("title")) == "KeyError: 'title'"


class Passing:
    """What a keeper waits on: each of its waits is over at once, and by its clock and the row's so much time has passed."""

    def __init__(self, row: Import, waits: int) -> None:
        self.row, self.left = row, waits
        self.now, self.taken = 0.0, 0
        self.over, self.ended = threading.Event(), threading.Event()

    def wait(self, seconds: float) -> bool:
        """As an Event does; whoever else looks when the time has passed may find the row due, and takes it."""
        if not self.left:
            self.over.set()
            return self.ended.wait(30)
        self.left -= 1
        self.now += seconds
        self.pass_by(seconds)
        self.taken += leasing.claim(Import, self.row.pk) is not None
        connection.close()  # the keeper's own
        return False

    def pass_by(self, seconds: float) -> None:
        earlier = timedelta(seconds=seconds)
        Import.objects.filter(pk=self.row.pk).update(
            lease_until=F("lease_until") - earlier, due_at=F("due_at") - earlier
        )

    def set(self) -> None:
        self.ended.set()


@pytest.fixture
def passing(fresh_database: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Passing]:
    """Eight thirds of a lease."""
    with django_db_blocker.unblock():
        made = Passing(make_import(project=Project.objects.create(slug="shoes", name="Shoes")), waits=8)
        monkeypatch.setattr(leasing, "threading", SimpleNamespace(Event=lambda: made, Thread=threading.Thread))
        monkeypatch.setattr(leasing, "time", SimpleNamespace(monotonic=lambda: made.now))
        yield made


def test_a_kept_lease_outlives_its_length(passing: Passing) -> None:
    """Work of two leases and two thirds: nobody else may take the row meanwhile."""
    token = leasing.claim(Import, passing.row.pk)
    assert token is not None
    with leasing.kept(Import, {passing.row.pk: token}):
        assert passing.over.wait(30)
    assert not passing.taken
    assert leasing.finish(passing.row, token)


def test_a_lease_is_not_kept_for_ever_for_work_that_hangs(passing: Passing, settings: Any) -> None:
    """Renewed after one third and two, given up at 0.9: after the lease that was renewed last it is due again."""
    settings.STUCK_SECONDS = 0.9 * settings.JOB_LEASE_SECONDS
    token = leasing.claim(Import, passing.row.pk)
    assert token is not None
    with leasing.kept(Import, {passing.row.pk: token}):
        wait_until(lambda: not any(one.name == "keeper" for one in threading.enumerate()), what="the keeper gives up")
        assert (passing.left, passing.taken) == (8 - 3, 0)
        passing.pass_by(settings.JOB_LEASE_SECONDS)
        assert leasing.claim(Import, passing.row.pk) is not None
    assert not leasing.finish(passing.row, token)


def test_twenty_workers_who_claim_the_same_rows_share_them_without_doubles(
    fresh_database: Any, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        project = Project.objects.create(slug="shoes", name="Shoes")
        pks = [make_import(project=project).pk for _ in range(40)]
        start = threading.Barrier(20)
        taken: list[int] = []

        def grab() -> None:
            start.wait()
            try:
                taken.extend(claim.job_id for claim in leasing.claim_many(Import, pks))
            finally:
                connection.close()

        workers = [threading.Thread(target=grab) for _ in range(20)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(taken) == pks


def test_a_plan_for_any_values_finds_due_rows_by_their_partial_index(db: None) -> None:
    """A value that stands beside the statement might be another state, of rows that are not in the index."""
    statement, values = leasing.due(Import).values("pk").query.sql_with_params()
    assert "IN ('queued', 'failed', 'running')" in statement and values == ()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE due AS {statement}")
        cursor.execute("EXPLAIN EXECUTE due")
        assert "import_due" in "".join(row[0] for row in cursor.fetchall())
