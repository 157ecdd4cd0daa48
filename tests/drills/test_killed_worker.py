"""Workers killed, frozen and gone for good: every job ends once, and what the model is asked twice is what was in hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from inference.models import PrelabelAttempt, PrelabelRun
from jobs import heartbeats
from jobs.models import JobState, Worker
from tests.conftest import ROOT
from tests.drills import oracle
from tests.drills.conftest import LEASE_SECONDS, LONG, RedisServer, Workplace, wait_until
from tests.drills.naive_jobs import Naive, answer_late
from tests.drills.scale import size
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running
from tests.processes import kill

pytestmark = [pytest.mark.drill, pytest.mark.redis]
Figures = Callable[..., None]
CALLS = 2  # of the model for one question: the grade, then the chain
NAIVE = 60


def running_jobs(run: PrelabelRun) -> int:
    return run.jobs.filter(state=JobState.RUNNING).count()


def naive_done_after_one_kill(place: Workplace, redis_server: RedisServer) -> int:
    """What plain Celery with its own settings has done of NAIVE tasks, its group killed once and started again."""
    naive = Naive(place.folder, redis_server.url)
    naive.ask(NAIVE)
    with naive.worker():
        wait_until(lambda: naive.done() >= NAIVE // 4, LONG, "some naive tasks done")
    with naive.worker():
        wait_until(lambda: naive.done() >= NAIVE // 3, LONG, "naive tasks go on")
        return naive.settled(3)


def test_d17_a_worker_killed_every_two_seconds(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    """The answers that were in the air are lost with the worker; their jobs are asked again, their labels not lost.

    A worker that is killed is started again at once, and lives for two seconds of work.
    """
    pairs, most_kills = size(full=1000, quick=200), size(full=20, quick=2)
    mode = f"paced-{size(full=48, quick=80)}-32"  # answers a second: too few for all of them between two kills
    with running() as server, django_db_blocker.unblock():
        served_at(server, mode)
        run = oracle.ask_for(pairs, mode)
        kills = in_hand = 0
        while kills < most_kills:
            before, worker = oracle.done(run), workplace.start_worker()
            wait_until(lambda done=before: oracle.done(run) > done, LONG, "the worker at work")
            time.sleep(2)
            if oracle.done(run) == pairs:
                break
            workplace.kill_child(worker)
            kills += 1
            in_hand += running_jobs(run)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == pairs, LONG, "all jobs done")
        oracle.everything_is_done_exactly_once(run)
        calls = server.of(mode)["calls"]
        naive = naive_done_after_one_kill(workplace, redis_server)
    assert kills > 0 and in_hand > 0  # it was really hit in the middle of something
    assert CALLS * pairs <= calls <= CALLS * (pairs + in_hand)
    assert naive < NAIVE
    figures(
        "D17", kills=kills, jobs=pairs, results=pairs, calls=calls, calls_for_the_questions=CALLS * pairs,
        calls_in_hand_at_kills=CALLS * in_hand, control_done=f"{naive} of {NAIVE} after one kill",
    )  # fmt: skip


def test_d18_all_workers_killed_ten_times_and_one_gone_for_good(
    workplace: Workplace, django_db_blocker: Any, figures: Figures
) -> None:
    """Two workers with a dispatcher each. Its control is D17's."""
    pairs, rounds = size(full=1000, quick=240), size(full=10, quick=1)
    with running() as server, django_db_blocker.unblock():
        served_at(server, "paced-240-32")
        run = oracle.ask_for(pairs, "paced-240-32")
        kills = 0
        while kills < rounds:
            before, group = oracle.done(run), [workplace.start_worker() for _ in range(2)]
            wait_until(lambda done=before: oracle.done(run) > done, LONG, "the workers at work")
            for worker in group:
                workplace.kill(worker)
            kills += 1
        assert oracle.done(run) < pairs
        killed_at = time.monotonic()
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == pairs, 120, "all jobs done within 120 s of the last kill")
        seconds = time.monotonic() - killed_at
        oracle.everything_is_done_exactly_once(run)
    figures("D18", kills=kills, jobs=pairs, results=pairs, seconds_after_the_last_kill=round(seconds, 1))


def test_d19_a_worker_that_wakes_after_three_leases_overwrites_nothing(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    pairs, mode = 100, "paced-120-64"
    with running() as server, django_db_blocker.unblock():
        served_at(server, mode)
        run = oracle.ask_for(pairs, mode)
        zombie = workplace.start_worker()
        wait_until(lambda: server.counts()["modes"].get(mode, {}).get("calls", 0) >= 32, LONG, "questions in the air")
        workplace.signal(zombie, signal.SIGSTOP)
        held = set(run.jobs.filter(state=JobState.RUNNING).values_list("pk", flat=True))
        frozen_at = time.monotonic()
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == pairs, LONG, "the other has done all jobs")
        time.sleep(max(0.0, 3 * LEASE_SECONDS - (time.monotonic() - frozen_at)))
        results = dict(run.jobs.values_list("pk", "prediction_id"))
        workplace.signal(zombie, signal.SIGCONT)
        late = PrelabelAttempt.objects.filter(job__run=run, outcome="superseded")
        wait_until(late.exists, LONG, "the late answers filed")
        zombie.terminate()
        zombie.wait(30)
        assert dict(run.jobs.values_list("pk", "prediction_id")) == results
        oracle.everything_is_done_exactly_once(run)
        assert set(late.values_list("job_id", flat=True)) <= held
        overwritten, naive_done = naive_zombie(workplace, redis_server)
    assert overwritten > 0
    figures(
        "D19", jobs=pairs, results=pairs, superseded=late.count(), overwritten=0,
        control_overwritten=f"{overwritten} of {naive_done}",
    )  # fmt: skip


def naive_zombie(place: Workplace, redis_server: RedisServer) -> tuple[int, int]:
    """Tasks that are acknowledged late and delivered again after two seconds: what the first worker overwrites."""
    patience = {"visibility_timeout": LEASE_SECONDS, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
    naive = Naive(place.folder, redis_server.url, **patience)
    zombie = naive.start()
    naive.ask(8, answer_late)
    wait_until(lambda: len(naive.lines()) > 0, LONG, "naive tasks in its hands")
    zombie.send_signal(signal.SIGSTOP)
    with naive.worker("solo"):
        wait_until(lambda: naive.done() == 8, LONG, "the other has done all naive tasks")
        results = dict(naive.lines())
        zombie.send_signal(signal.SIGCONT)
        naive.settled(2)
    kill(zombie)
    last = dict(naive.lines())
    return sum(results[number] != who for number, who in last.items()), len(results)


def test_a_worker_asked_to_end_finishes_what_it_holds(workplace: Workplace, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        run = oracle.ask_for(400)
        worker = workplace.start_worker()
        wait_until(heartbeats.is_anyone_working, LONG, "a heartbeat")
        wait_until(lambda: oracle.done(run) > 0, LONG, "the first jobs done")
        worker.terminate()
        assert worker.wait(LONG) == 0
        assert set(run.jobs.values_list("state", flat=True)) <= {"queued", "done"}
        assert not run.jobs.filter(attempts__gt=1).exists()
        assert not Worker.objects.exists()


def test_prelabel_waits_for_a_worker_elsewhere(workplace: Workplace, django_db_blocker: Any) -> None:
    """The dispatcher in one process, the worker in another, the command in a third."""
    with django_db_blocker.unblock():
        run = oracle.ask_for(400)
        workplace.start_worker("--dispatch-only")
        workplace.start_worker("--no-dispatch")
        wait_until(heartbeats.is_anyone_working, LONG, "both heartbeats")
        answer = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "prelabel", "--project", "shoes", "--wait"],
            cwd=workplace.folder,
            env=workplace.environment,
            capture_output=True,
            check=True,
        )
        figures = json.loads(answer.stdout.splitlines()[-1])
        assert figures["pairs"] == 400
        assert (figures["ok"] + figures["reused"], figures["invalid"], figures["failed"]) == (400, 0, 0)
        wait_until(lambda: oracle.done(run) == 400, 30, "the first run done too")
