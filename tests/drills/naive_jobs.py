"""The controls of the job drills: what a competent first version does, and what must go wrong with it.

Plain Celery tasks with the usual settings over the same Redis; a result is whatever the task leaves in a folder. As a
module it is the worker: `python -m tests.drills.naive_jobs REDIS_URL POOL [transport options as JSON]`; the pool "deaf"
is one of threads that no message reaches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery
from django.db import connection

from tests.drills.broken_worker import deaf
from tests.processes import ROOT, kill

DONE = Path("naive-done.txt")  # a line per end of a task: its number, and who did it
STARTED = Path("naive-started.txt")
SECONDS = 0.05
CELERY: dict[str, Any] = {"task_ignore_result": True, "broker_connection_retry_on_startup": True}

app: Any = Celery("naive", set_as_current=False)  # type: ignore[no-untyped-call]
app.conf.update(CELERY)


def note(file: Path, number: int) -> None:
    with file.open("a") as log:
        log.write(f"{number} {os.getpid()}\n")


@app.task(name="naive.answer")
def answer(number: int, seconds: float = SECONDS) -> None:
    """A job as one writes it first: done when it is done, whoever else does it too."""
    note(STARTED, number)
    time.sleep(seconds)
    Path(f"result-{number}").write_text(str(os.getpid()))
    note(DONE, number)


@app.task(name="naive.answer_late", acks_late=True)
def answer_late(number: int, seconds: float = SECONDS) -> None:
    answer(number, seconds)


@app.task(name="naive.deadly", acks_late=True, reject_on_worker_lost=True)
def deadly(number: int) -> None:
    """With the two settings that are advised against lost jobs."""
    note(STARTED, number)
    os._exit(9)


class Naive:
    """Naive workers in a folder, and those who ask them."""

    def __init__(self, folder: Path, redis_url: str, **transport: Any) -> None:
        self.folder = folder / "naive"
        self.folder.mkdir(exist_ok=True)
        self.url, self.transport = redis_url, transport
        app.conf.broker_url = redis_url

    @contextmanager
    def worker(self, pool: str = "threads") -> Iterator[subprocess.Popen[bytes]]:
        process = self.start(pool)
        try:
            yield process
        finally:
            kill(process)

    def start(self, pool: str = "threads") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.drills.naive_jobs", self.url, pool, json.dumps(self.transport)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def ask(self, count: int, task: Any = answer, times: int = 1) -> None:
        with app.connection_for_write() as broker, app.amqp.Producer(broker) as producer:
            for number in range(count):
                for _ in range(times):
                    task.apply_async((number,), producer=producer)

    def lines(self, file: Path = DONE) -> list[tuple[int, int]]:
        path = self.folder / file
        rows = path.read_text().splitlines() if path.exists() else []
        return [(int(number), int(who)) for number, who in (row.split() for row in rows)]

    def done(self) -> int:
        return len({number for number, _ in self.lines()})

    def settled(self, seconds: float) -> int:
        """How many are done when nothing more has happened for so long."""
        before, since = self.lines(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.1)
            if (now := self.lines()) != before:
                before, since = now, time.monotonic()
        return self.done()


def export_in_place(path: Path, rows: Iterator[bytes], pause: Callable[[], None] = lambda: None) -> None:
    """An export as one writes it first: straight into the file that people download."""
    with path.open("wb", buffering=0) as file:
        for row in rows:
            file.write(row)
            pause()


def judgments_since(last: int) -> list[int]:
    """An incremental export as one writes it first: whatever has a higher id than the last one seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM annotation_judgment WHERE id > %s ORDER BY id", [last])
        return [row[0] for row in cursor.fetchall()]


if __name__ == "__main__":
    url, pool, transport = sys.argv[1:4]
    app.conf.broker_url = url
    app.conf.broker_transport_options = json.loads(transport)
    if pool == "deaf":
        deaf()
        pool = "threads"
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    app.worker_main(["worker", f"--pool={pool}", "--concurrency=2", *quiet])
