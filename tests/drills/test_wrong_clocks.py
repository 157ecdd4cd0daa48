"""D16: a web host an hour ahead and a worker an hour behind. Leases and records go by the database's clock alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from annotation.models import Judgment, Lease
from inference.models import Prediction, PrelabelAttempt
from tests.drills import judging_drills as drills
from tests.drills import oracle, rig
from tests.drills.judging_drills import CALM, Stand
from tests.drills.ledger import Person, at_once, judge_all
from tests.drills.scale import size
from tests.processes import manage, process, redis_server, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.redis]
SHIFTED = Path(__file__).parent / "shifted"
JOBS = 1_000
HOUR = 3600


def elsewhere(environment: dict[str, str], seconds: int) -> dict[str, str]:
    """The same environment on a host whose clock is off: Python's clocks, through a sitecustomize of the drill's own."""
    paths = os.pathsep.join([str(SHIFTED), environment["PYTHONPATH"]])
    return {**environment, "PYTHONPATH": paths, "SHIFTED_SECONDS": str(seconds)}


def test_d16_a_web_host_an_hour_ahead_ends_no_lease_early(stand: Stand, figures: Callable[..., None]) -> None:
    wanted = size(full=1_000, quick=120)
    project = drills.a_project(wanted)
    them = drills.accounts(project)
    ahead = elsewhere(stand.environment, HOUR)
    with stand.web() as right, rig.web_host(ahead, stand.folder) as wrong:
        assert_shifted(ahead, HOUR)
        half = len(them) // 2
        with people(stand, them[:half], right) as punctual, people(stand, them[half:], wrong) as hasty:
            began = datetime.now(tz=UTC)
            at_once(lambda person: judge_all(person, "shoes"), [*punctual, *hasty])
            ended = datetime.now(tz=UTC)
            told = stand.reckon([*punctual, *hasty])
    drills.is_exact(told, stored=wanted)
    assert not Judgment.objects.filter(late=True).exists()
    assert not Lease.objects.exclude(state="used").exists()  # none expired under its holder
    second = timedelta(seconds=1)
    strange = Judgment.objects.exclude(recorded_at__range=(began - second, ended + second)).count()
    strange += Judgment.objects.exclude(recorded_at__gte=F("slot__leases__taken_at")).count()
    assert strange == 0
    assert min(Counter(Judgment.objects.values_list("judge_id", flat=True)).values()) > 0
    stolen = naive_stolen(stand, wanted)
    assert stolen == wanted
    figures("D16 leases", **told.figures(), lost_early=0, off_by_more_than_1_s=strange, control_lost_early=stolen)


def test_d16_a_worker_an_hour_behind_doubles_no_job(stand: Stand, figures: Callable[..., None]) -> None:
    run = oracle.ask_for(JOBS)
    with redis_server(stand.folder) as url:
        here = {**stand.environment, "REDIS_URL": url, "LORE_JOB_LEASE_SECONDS": "10"}
        behind = elsewhere(here, -HOUR)
        assert_shifted(behind, -HOUR)
        with (
            process(manage("work"), here, stand.folder, stand.folder / "work.log"),
            process(manage("work"), behind, stand.folder, stand.folder / "behind.log"),
        ):
            wait_until(lambda: oracle.done(run) == JOBS, seconds=240, what="all jobs done")
    oracle.everything_is_done_exactly_once(run)
    attempts = Counter(PrelabelAttempt.objects.values_list("outcome", flat=True))
    assert attempts == {"ok": JOBS}  # no second start, no late result
    assert run.jobs.filter(attempts=1).count() == JOBS
    assert Prediction.objects.filter(created_at__lt=run.created_at).count() == 0
    figures("D16 jobs", jobs=JOBS, doubled=0, superseded=attempts["superseded"])


def assert_shifted(environment: dict[str, str], seconds: int) -> None:
    """The drill is blind where the shift does not reach a process."""
    import subprocess
    import sys

    told = "import time, datetime; print(time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp())"
    out = subprocess.run([sys.executable, "-c", told], env=environment, check=True, capture_output=True).stdout
    now = datetime.now(tz=UTC).timestamp()
    for clock in map(float, out.split()):
        assert abs(clock - now - seconds) < 60


@contextmanager
def people(stand: Stand, them: Any, host: rig.WebHost) -> Any:
    with drills.people_of(them, host.address, stand.folder, habits=CALM) as made:
        yield made


def naive_stolen(stand: Stand, wanted: int) -> int:
    """Pairs taken through the host that is right and, still held, given to another by the one that is ahead."""
    drills.make_naive_tables(stand)
    naive = "tests.drills.naive:application"
    ahead = elsewhere(stand.environment, HOUR)
    with (
        stand.web(naive) as right,
        rig.web_host(ahead, stand.folder, naive) as wrong,
        drills.naive_people(right, stand.folder, count=1) as ana,
        drills.naive_people(wrong, stand.folder, count=1) as ben,
    ):
        first = sum(take(ana[0], number, "ana") for number in range(wanted))
        assert first == wanted
        return sum(take(ben[0], number, "ben") for number in range(wanted))


def take(person: Person, number: int, name: str) -> bool:
    return person.ask("POST", "/lease", {"pair": str(number), "person": name})[0] == 200
