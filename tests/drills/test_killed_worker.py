"""kill -9 of the worker in the middle of 1,000 jobs: 1,000 predictions, none twice, none missing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from annotation import workers
from tests.conftest import ROOT
from tests.drills import oracle
from tests.drills.conftest import Workplace, wait_until
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running

pytestmark = [pytest.mark.drill, pytest.mark.redis]
KILLS_AT = (60, 300, 560, 800)


def test_a_worker_killed_four_times_loses_and_doubles_nothing(workplace: Workplace, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        run = oracle.ask_for_a_thousand()
        for threshold in KILLS_AT:
            worker = workplace.start_worker()
            wait_until(lambda least=threshold: oracle.done(run) >= least, 30, f"{threshold} jobs done")
            workplace.kill(worker)
        killed_with = oracle.done(run)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == oracle.PAIRS, 60, "all jobs done")
        assert killed_with < oracle.PAIRS
        oracle.everything_is_done_exactly_once(run)
        assert run.jobs.filter(attempts__gt=1).exists()  # it was really hit in the middle of something


def test_a_worker_of_a_served_model_killed_four_times_loses_and_doubles_nothing(
    workplace: Workplace, django_db_blocker: Any
) -> None:
    """The answers of calls that were in the air are lost with the worker; their jobs are asked again, not their labels."""
    with running() as server, django_db_blocker.unblock():
        served_at(server, "paced-300-32")  # slow enough to be hit in the middle of calls
        run = oracle.ask_for_a_thousand("paced-300-32")
        for threshold in KILLS_AT:
            worker = workplace.start_worker()
            wait_until(lambda least=threshold: oracle.done(run) >= least, 60, f"{threshold} jobs done")
            workplace.kill(worker)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == oracle.PAIRS, 90, "all jobs done")
        oracle.everything_is_done_exactly_once(run)
        assert run.jobs.filter(attempts__gt=1).exists()
        assert server.counts()["modes"]["paced-300-32"]["calls"] > 2 * oracle.PAIRS  # the lost ones were paid for twice


def test_a_worker_asked_to_end_finishes_what_it_holds(workplace: Workplace, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        run = oracle.ask_for_a_thousand()
        worker = workplace.start_worker()
        wait_until(workers.is_anyone_working, 20, "a heartbeat")
        wait_until(lambda: oracle.done(run) > 0, 20, "the first jobs done")
        worker.terminate()
        assert worker.wait(15) == 0
        assert set(run.jobs.values_list("state", flat=True)) <= {"queued", "done"}
        assert not run.jobs.filter(attempts__gt=1).exists()
        assert not workers.fresh_workers().exists()


def test_prelabel_waits_for_a_worker_elsewhere(workplace: Workplace, django_db_blocker: Any) -> None:
    """The dispatcher in one process, the worker in another, the command in a third."""
    with django_db_blocker.unblock():
        run = oracle.ask_for_a_thousand()
        workplace.start_worker("--dispatch-only")
        workplace.start_worker("--no-dispatch")
        wait_until(workers.is_anyone_working, 20, "both heartbeats")
        answer = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "prelabel", "--project", "shoes", "--wait"],
            cwd=workplace.folder,
            env=workplace.environment,
            capture_output=True,
            check=True,
        )
        figures = json.loads(answer.stdout.splitlines()[-1])
        assert figures["pairs"] == 1000
        assert (figures["ok"] + figures["reused"], figures["invalid"], figures["failed"]) == (1000, 0, 0)
        wait_until(lambda: oracle.done(run) == oracle.PAIRS, 30, "the first run done too")
