"""How long a row that has become due waits for a worker that is idle: seconds until it is claimed.

    python -m benchmarks.claiming [--jobs 40] [--broker none|redis|away]

Pre-label jobs become due one by one, a second or so apart, beside one `manage.py work`. `redis`: a Redis of its own
carries the bell; `away`: REDIS_URL names one that nobody runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from database.clock import ClockTimestamp
from inference.models import PrelabelJob, PrelabelRun
from inference.prelabel import runs
from jobs import heartbeats
from jobs.models import JobState
from projects.models import Project
from tests.processes import redis_server, wait_until
from tests.world import large

AWAY = "redis://127.0.0.1:1/0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--broker", choices=["none", "redis", "away"], default="none")
    options = parser.parse_args()
    name = f"claiming-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    large.stock(project, options.jobs)
    run = runs.start_run(project, None)
    PrelabelJob.objects.filter(run=run).update(due_at=ClockTimestamp() + timedelta(days=1))
    with broker(options.broker) as url, worker(url):
        wait_until(heartbeats.is_anyone_working, seconds=120, what="a worker")
        time.sleep(3)
        due = stagger(run)
        wait_until(lambda: not runs.is_open(run), seconds=60 + 2 * options.jobs, what="all jobs done")
    waited = sorted(seconds_waited(run, due))
    sys.stdout.write(json.dumps({
        "broker": options.broker, "jobs": len(waited), "median": round(statistics.median(waited), 3),
        "p95": round(waited[int(len(waited) * 0.95)], 3), "most": round(waited[-1], 3),
    }) + "\n")  # fmt: skip


def stagger(run: PrelabelRun) -> dict[int, timedelta]:
    """When each becomes due, after the run was asked for."""
    after, due = 1.0, {}
    for pk in run.jobs.values_list("pk", flat=True):
        after += random.uniform(0.7, 1.7)
        PrelabelJob.objects.filter(pk=pk).update(due_at=ClockTimestamp() + timedelta(seconds=after))
        due[pk] = run.jobs.values_list("due_at", flat=True).get(pk=pk) - run.created_at
    return due


def seconds_waited(run: PrelabelRun, due: dict[int, timedelta]) -> list[float]:
    """`due_at` of a row that was taken once and done is the end of the lease that it was given when it was claimed."""
    lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    done = run.jobs.filter(state=JobState.DONE, attempts=1).values_list("pk", "due_at")
    return [(end - lease - run.created_at - due[pk]).total_seconds() for pk, end in done]


@contextmanager
def broker(kind: str) -> Iterator[str]:
    if kind != "redis":
        yield AWAY if kind == "away" else ""
        return
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as url:
        yield url


@contextmanager
def worker(redis_url: str) -> Iterator[None]:
    environment = {**os.environ, "REDIS_URL": redis_url, "LORE_LOG_LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "manage.py", "work"], env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
