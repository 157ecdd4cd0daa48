"""Jobs that take their worker down, hang for ever or eat memory die after exactly their attempts; those beside them do not."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from inference.models import Prediction
from inference.prelabel import runs
from jobs import heartbeats
from jobs.models import JobState
from projects.models import AuditEvent
from tests.drills import oracle
from tests.drills.broken_worker import DEADLY, ENDLESS, GREEDY, STARTS
from tests.drills.conftest import LONG, RedisServer, Workplace, wait_until
from tests.drills.naive_jobs import STARTED, Naive, deadly
from tests.drills.scale import size

pytestmark = [pytest.mark.drill, pytest.mark.redis]
STUCK_SECONDS, MEMORY_MB = 5, 800


def test_d27_poisonous_jobs_die_after_three_attempts_and_take_no_other_with_them(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any, figures: Callable[..., None]
) -> None:
    """Supervised like any worker: started again whenever it goes down. It needs no Redis itself."""
    poisons = [DEADLY, ENDLESS, GREEDY]
    sound = size(full=297, quick=117)
    workplace.environment |= {
        "REDIS_URL": "",
        "LORE_STUCK_SECONDS": str(STUCK_SECONDS),
        "LORE_WORKER_MEMORY_MB": str(MEMORY_MB),
    }
    with django_db_blocker.unblock():
        run = oracle.ask_for(sound, odd=poisons)
        deadline, deaths = time.monotonic() + 2 * LONG, 0
        worker = workplace.start_worker(fault="poisoned")
        while runs.is_open(run):
            assert time.monotonic() < deadline, workplace.log()[-3000:]
            if worker.poll() is not None:
                deaths += 1
                worker = workplace.start_worker(fault="poisoned")
            time.sleep(0.1)
        dead = {job.snapshot.title: job for job in run.jobs.filter(state=JobState.DEAD).select_related("snapshot")}
        assert set(dead) == set(poisons)
        assert {job.attempts for job in dead.values()} == {3}
        assert {title: job.error.partition(":")[0] for title, job in dead.items()} == {
            DEADLY: "process_ended", ENDLESS: "process_ended", GREEDY: "MemoryError",
        }  # fmt: skip
        starts = Counter((workplace.folder / STARTS).read_text())
        anew = AuditEvent.objects.filter(act=heartbeats.BEGAN_ANEW)
        begun_anew = anew.count()
        assert all(event.detail["why"].startswith("stuck: ") for event in anew)
        # A try may end with the process of another poison before its own has begun, but never does one begin too often.
        assert 1 <= starts[DEADLY[0]] <= 3 and 1 <= starts[ENDLESS[0]] <= 3
        assert deaths >= 1 and begun_anew >= 1
        assert run.jobs.filter(state=JobState.DONE).count() == Prediction.objects.count() == sound
    naive_starts = naive_poison(workplace, redis_server)
    assert naive_starts > 3
    figures(
        "D27", jobs=sound + 3, results=sound, dead=3, attempts_of_each=3, deaths=deaths, begun_anew=begun_anew,
        control_starts=f"{naive_starts} and no end",
    )  # fmt: skip


def naive_poison(place: Workplace, redis_server: RedisServer) -> int:
    """How often a poisonous task was started that Celery is told never to lose."""
    naive = Naive(place.folder, redis_server.url)
    naive.ask(1, deadly)
    with naive.worker("prefork"):
        try:
            wait_until(lambda: len(naive.lines(STARTED)) > 3, LONG, "the fourth start")
        except AssertionError:
            subprocess.run(["tail", "-20", str(naive.folder / "worker.log")], check=False)
        return len(naive.lines(STARTED))
