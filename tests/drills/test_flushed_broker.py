"""Redis holds nothing that cannot be rung for again: emptied or frozen, it only delays."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from annotation import workers
from tests.drills import oracle
from tests.drills.conftest import RedisServer, Workplace, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.redis]


def test_a_flushed_broker_loses_nothing(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        run = oracle.ask_for_a_thousand()
        worker = workplace.start_worker()
        wait_until(lambda: oracle.done(run) >= 60, 30, "60 jobs done")
        redis_server.flush()
        wait_until(lambda: oracle.done(run) >= 100, 40, "100 jobs done")
        redis_server.flush()
        workplace.kill(worker)
        workplace.start_worker()
        wait_until(lambda: oracle.done(run) == oracle.PAIRS, 60, "all jobs done")
        oracle.everything_is_done_exactly_once(run)


def test_a_frozen_and_restarted_broker_only_delays(
    workplace: Workplace, redis_server: RedisServer, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        assert redis_server.process is not None
        redis_server.process.send_signal(signal.SIGSTOP)
        run = oracle.ask_for_a_thousand()  # no request waits for the broker
        workplace.start_worker()
        wait_until(workers.is_anyone_working, 20, "a heartbeat without a broker")
        redis_server.process.send_signal(signal.SIGCONT)
        wait_until(lambda: oracle.done(run) > 0, 40, "the first jobs done")
        redis_server.stop()
        redis_server.start()
        wait_until(lambda: oracle.done(run) == oracle.PAIRS, 60, "all jobs done")
        oracle.everything_is_done_exactly_once(run)
