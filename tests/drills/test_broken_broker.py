"""Redis stopped, frozen, emptied, restarted, gone for good or taken over: it holds nothing but bells, so it only delays."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from annotation.models import Judgment
from inference.models import Prediction, PrelabelJob, PrelabelRun
from jobs import heartbeats
from projects.login_throttling import TRIES
from projects.models import AuditEvent, Person
from tests.conftest import FreshDatabase
from tests.drills import oracle
from tests.drills.conftest import LONG, RedisServer, Workplace, wait_until
from tests.drills.naive_jobs import Naive, answer
from tests.drills.scale import size
from tests.drills.submitting import crowd, p99
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running

pytestmark = [pytest.mark.drill, pytest.mark.redis]
Figures = Callable[..., None]
AWAY = size(full=30, quick=5)  # seconds that Redis is stopped or frozen
SUBMITS, JOBS = size(full=500, quick=60), size(full=500, quick=200)
BOUND = size(full=1, quick=3)  # seconds; a small sample on a busy machine has a slow one
NAIVE = 60


@contextmanager
def counting_door() -> Iterator[tuple[str, list[int]]]:
    """A Redis that accepts and never answers, and who came to it: for processes that should never come."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        guests = []

        def accept() -> None:
            while True:
                try:
                    guest, (_, port) = door.accept()
                except OSError:
                    return
                guests.append(guest)
                came.append(port)

        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{door.getsockname()[1]}/0", came
        door.shutdown(socket.SHUT_RDWR)
        for guest in guests:
            guest.close()


def test_d20_redis_stopped_under_submits_and_jobs(
    workplace: Workplace,
    redis_server: RedisServer,
    fresh_database: FreshDatabase,
    django_db_blocker: Any,
    settings: Any,
    tmp_path: Path,
    figures: Figures,
) -> None:
    with django_db_blocker.unblock():
        run = oracle.ask_for(JOBS)
        with crowd(fresh_database, tmp_path, settings, SUBMITS, REDIS_URL=redis_server.url) as people:
            workplace.start_worker()
            wait_until(lambda: oracle.done(run) > 0, LONG, "the first jobs done")
            redis_server.stop()
            stopped_at = time.monotonic()
            refused = naive_refusals(redis_server, workplace.folder)
            taken = people.judge_everything()
            time.sleep(max(0.0, AWAY - (time.monotonic() - stopped_at)))
        redis_server.start()
        back_at = time.monotonic()
        wait_until(lambda: oracle.done(run) == JOBS, 60, "all jobs done 60 s after the return")
        oracle.everything_is_done_exactly_once(run)
        assert Judgment.objects.count() == len(taken) == SUBMITS
    assert p99(taken) < BOUND
    assert refused > 0
    figures(
        "D20", submits=SUBMITS, stored=SUBMITS, p99_ms=round(1000 * p99(taken)), jobs=JOBS, results=JOBS,
        seconds_after_the_return=round(time.monotonic() - back_at, 1), control_refused=f"{refused} of 5 submits",
    )  # fmt: skip


def naive_refusals(redis_server: RedisServer, folder: Path) -> int:
    """Of five submits that ring from within the request: how many fail."""
    naive, refused = Naive(folder, redis_server.url), 0
    for _ in range(5):
        try:
            naive.ask(1)
        except OperationalError:
            refused += 1
    return refused


def test_d20_redis_never_returns(workplace: Workplace, django_db_blocker: Any, figures: Figures) -> None:
    """Gone before the workers came, and for good: no bell rings, and they look."""
    with django_db_blocker.unblock():
        run = oracle.ask_for(JOBS)
        workplace.environment["REDIS_URL"] = "redis://127.0.0.1:1/0"  # nobody listens there
        began = time.monotonic()
        for _ in range(size(full=2, quick=1)):
            workplace.start_worker()
        wait_until(lambda: oracle.done(run) == JOBS, LONG, "all jobs done without a broker")
        oracle.everything_is_done_exactly_once(run)
        assert not AuditEvent.objects.filter(act=heartbeats.BEGAN_ANEW).exists()  # beginning anew would not help
    figures("D20 never", jobs=JOBS, results=JOBS, seconds=round(time.monotonic() - began, 1))


def test_d21_redis_frozen_under_submits_and_jobs(
    workplace: Workplace,
    redis_server: RedisServer,
    fresh_database: FreshDatabase,
    django_db_blocker: Any,
    settings: Any,
    tmp_path: Path,
    figures: Figures,
) -> None:
    with django_db_blocker.unblock(), counting_door() as (url, came):
        run = oracle.ask_for(JOBS)
        with crowd(fresh_database, tmp_path, settings, SUBMITS, REDIS_URL=url) as people:
            workplace.start_worker()
            wait_until(lambda: oracle.done(run) > 0, LONG, "the first jobs done")
            redis_server.freeze()
            frozen_at = time.monotonic()
            naive = Naive(workplace.folder, redis_server.url)
            ringing = threading.Thread(target=naive.ask, args=(1,), daemon=True)
            ringing.start()
            taken = people.judge_everything()
            time.sleep(max(0.0, AWAY - (time.monotonic() - frozen_at)))
        blocked, waited = ringing.is_alive(), time.monotonic() - frozen_at
        redis_server.thaw()
        ringing.join(LONG)
        wait_until(lambda: oracle.done(run) == JOBS, 60, "all jobs done 60 s after the thaw")
        oracle.everything_is_done_exactly_once(run)
        assert Judgment.objects.count() == len(taken) == SUBMITS
    assert p99(taken) < BOUND
    assert came == []
    assert blocked
    figures(
        "D21", submits=SUBMITS, stored=SUBMITS, p99_ms=round(1000 * p99(taken)), connections_to_redis=len(came),
        jobs=JOBS, results=JOBS, control_blocked=f"more than {waited:.0f} s",
    )  # fmt: skip


def test_d22_redis_emptied_three_times_and_robbed_of_keys(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, settings: Any, figures: Figures
) -> None:
    pairs, mode = size(full=1000, quick=300), "paced-240-32"
    with running() as server, django_db_blocker.unblock():
        served_at(server, mode)
        person = Person.objects.create_person("ana", password="a long enough password")
        here, guessing = Client(), Client()
        here.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        wrong = {"username": "ben", "password": "wrong"}
        locked = [guessing.post(reverse("login"), wrong).status_code for _ in range(TRIES)][-1]
        run = oracle.ask_for(pairs, mode)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) > 0, LONG, "the first jobs done")
        with redis.Redis(port=redis_server.port) as client:
            robbed = sum(int(client.delete(key)) for key in client.keys("*"))
        flushes = 0
        for share in (0.3, 0.5, 0.7):
            wait_until(lambda least=share: oracle.done(run) >= pairs * least, LONG, f"{share:.0%} of the jobs done")
            redis_server.flush()
            flushes += 1
        assert here.get(reverse("account")).status_code == 200
        assert guessing.post(reverse("login"), wrong).status_code == locked == 429
        emptied_at = time.monotonic()
        wait_until(lambda: oracle.done(run) == pairs, LONG, "all jobs done")
        seconds = time.monotonic() - emptied_at
        oracle.everything_is_done_exactly_once(run)
        naive = Naive(workplace.folder, redis_server.url)
        naive.ask(NAIVE)
        with naive.worker():
            wait_until(lambda: naive.done() >= NAIVE // 4, LONG, "some naive tasks done")
            redis_server.flush()
            naive_done = naive.settled(2)
    assert robbed > 0
    assert naive_done < NAIVE
    figures(
        "D22", flushes=flushes, keys_deleted=robbed, jobs=pairs, results=pairs, seconds_to_the_end=round(seconds, 1),
        control_done=f"{naive_done} of {NAIVE}",
    )  # fmt: skip


def test_d23_redis_restarted_empty(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    """Another run id: nothing that a consumer remembers of the old server holds."""
    pairs, mode = size(full=500, quick=200), "paced-240-32"
    with running() as server, django_db_blocker.unblock():
        served_at(server, mode)
        run = oracle.ask_for(pairs, mode)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) >= pairs // 4, LONG, "a quarter of the jobs done")
        before = redis_server.run_id()
        redis_server.stop()
        redis_server.start()
        assert redis_server.run_id() != before
        restarted_at = time.monotonic()
        wait_until(lambda: oracle.done(run) == pairs, LONG, "all jobs done")
        oracle.everything_is_done_exactly_once(run)
    figures("D23", jobs=pairs, results=pairs, seconds_to_the_end=round(time.monotonic() - restarted_at, 1))


def test_d23_a_worker_whose_broker_never_delivers_works_on(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    """Connected, alive and consuming nothing: no bell is heard, and nobody has to notice."""
    with django_db_blocker.unblock():
        run = oracle.ask_for(JOBS)
        began = time.monotonic()
        worker = workplace.start_worker(fault="deaf")
        wait_until(lambda: oracle.done(run) == JOBS, LONG, "all jobs done")
        seconds = time.monotonic() - began
        oracle.everything_is_done_exactly_once(run)
        assert worker.poll() is None and not AuditEvent.objects.filter(act=heartbeats.BEGAN_ANEW).exists()
        naive = Naive(workplace.folder, redis_server.url)
        naive.ask(NAIVE)
        with naive.worker("deaf"):
            naive_done = naive.settled(5)
    assert naive_done == 0
    figures("D23 deaf", jobs=JOBS, results=JOBS, seconds=round(seconds, 1), control_done=f"{naive_done} of {NAIVE}")


def test_d24_three_dispatchers_three_workers_and_every_message_three_times(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    pairs, mode = size(full=2000, quick=200), "good"
    with running() as server, django_db_blocker.unblock():
        served_at(server, mode)
        run = oracle.ask_for(pairs, mode)
        for _ in range(3):
            workplace.start_worker(fault="thrice")
        wait_until(lambda: oracle.done(run) == pairs, LONG, "all jobs done")
        time.sleep(1)  # for messages that come too late
        calls = server.of(mode)["calls"]
        oracle.everything_is_done_exactly_once(run)
        assert set(run.jobs.values_list("attempts", flat=True)) == {1}
        naive = Naive(workplace.folder, redis_server.url)
        naive.ask(NAIVE // 3, answer, times=3)
        with naive.worker():
            wait_until(lambda: naive.done() == NAIVE // 3, LONG, "naive tasks done")
            naive.settled(2)
            naive_calls = len(naive.lines())
    assert calls == 2 * pairs  # of each the grade, then the chain
    assert naive_calls > NAIVE // 3
    figures(
        "D24", jobs=pairs, questions=pairs, calls=calls, calls_for_the_questions=2 * pairs, results=pairs,
        control_calls=f"{naive_calls} for {NAIVE // 3}",
    )  # fmt: skip


def test_t18_forged_messages_do_nothing(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Figures
) -> None:
    """Somebody else writes into Redis: foreign and huge ids, a pickle, a task that nobody has, bytes that are no message.

    The last ends Celery's consumer: another takes its place, and the process works on meanwhile.
    """
    marker = workplace.folder / "pwned"
    with django_db_blocker.unblock(), redis.Redis(port=redis_server.port) as client:
        run = oracle.ask_for(20)
        PrelabelJob.objects.update(due_at="2100-01-01T00:00Z")  # nothing of it may begin
        worker = workplace.start_worker()
        wait_until(heartbeats.is_anyone_working, LONG, "a heartbeat")
        for message in forged(run, marker):
            client.lpush("prelabel", message)
        wait_until(lambda: client.llen("prelabel") == 0, LONG, "the forged messages read")
        assert set(run.jobs.values_list("attempts", flat=True)) == {0}
        client.lpush("prelabel", b"no message")
        wait_until(lambda: "another takes its place" in workplace.log(), LONG, "the consumer ended")
        PrelabelJob.objects.update(due_at=run.created_at)
        wait_until(lambda: oracle.done(run) == 20, LONG, "honest work goes on")
        client.lpush("prelabel", message)
        wait_until(lambda: client.llen("prelabel") == 0, LONG, "bells are heard again")
        oracle.everything_is_done_exactly_once(run)
        log = workplace.log()
        assert worker.poll() is None and not AuditEvent.objects.filter(act=heartbeats.BEGAN_ANEW).exists()
        assert Prediction.objects.count() == 20
    assert not marker.exists()
    told = {
        "pickle": log.count("Received invalid task message: Refusing to deserialize"),
        "unknown task": log.count("Received unregistered task of type 'os.system'"),
        "another version": log.count("Received unregistered task of type 'jobs.run'"),
    }
    assert set(told.values()) == {1}, (told, log[-3000:])
    figures("T18", forged=7, effect_rows=0, told=sum(told.values()))


class Pwned:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def forged(run: PrelabelRun, marker: Path) -> Iterator[str]:
    import base64
    import pickle

    def message(task: str, body: bytes, content_type: str = "application/json") -> str:
        headers = {"lang": "py", "task": task, "id": "forged", "argsrepr": "", "kwargsrepr": "", "retries": 0}
        properties = {
            "correlation_id": "forged",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "prelabel"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(time.monotonic_ns()),
        }
        return json.dumps(
            {
                "body": base64.b64encode(body).decode(),
                "content-encoding": "utf-8" if "json" in content_type else "binary",
                "content-type": content_type,
                "headers": headers,
                "properties": properties,
            }
        )

    def asking(*arguments: object) -> bytes:
        return json.dumps([arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()

    known = run.jobs.order_by("pk").values_list("pk", flat=True)[:1].get()
    yield message("jobs.run", asking("prelabel", [known]))  # of a dispatcher of an older version
    yield message("jobs.look", pickle.dumps(Pwned(marker)), "application/x-python-serialize")
    yield message("os.system", asking("touch pwned"))
    yield message("jobs.look", asking("prelabel", [known]))  # not due
    yield message("jobs.look", asking("prelabel", [2**70]))
    yield message("jobs.look", asking("../etc"))
