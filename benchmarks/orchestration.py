"""How busy the pre-label workers keep a model server of known rate, and whether a long queue costs memory.

    python -m benchmarks.orchestration [--rate 50] [--width 32] [--pairs 1000] [--seconds 0] [--workers 1]

A server serves RATE pairs a second, WIDTH requests at once; worker processes work against it. `busy_share` is the share
of the time between the first request and the last answer in which the server had something to do, `slots_busy_share`
the share of its slots in use. With --seconds the run is cancelled after that time: a million queued jobs need not all be
answered to see whether they cost memory. The workers' memory is told every fifth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.prelabel import progress, runs
from inference.prelabel.runs import Wish
from projects.models import Project
from tests.misbehaving.served import served_at
from tests.misbehaving.server import running
from tests.world import large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rate", 50), ("width", 32), ("pairs", 1000), ("seconds", 0), ("workers", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    name = f"orchestration-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    large.stock(project, options.pairs)
    with running() as server:
        mode = f"paced-{options.rate * 2}-{options.width}"  # a pair is two requests: the grade, then the chain
        served_at(server, mode, name=name, concurrency=options.width)
        began = time.monotonic()
        run = runs.start_run(project, None, Wish(name))
        queued = time.monotonic() - began
        memory: list[int] = []
        with workers(options.workers) as processes:
            began = time.monotonic()
            while runs.is_open(run) and not 0 < options.seconds <= time.monotonic() - began:
                time.sleep(1)
                memory.append(sum(resident_mib(process.pid) for process in processes))
            seconds = time.monotonic() - began
            counted = server.counts()["modes"][mode]
        runs.cancel(run, None)
    found = progress.progress(run)
    fifth = max(1, len(memory) // 5)
    sys.stdout.write(json.dumps({"rate": options.rate, "pairs": options.pairs, "workers": options.workers,
                                 "ok": found.ok, "dead": found.dead, "seconds": round(seconds, 1),
                                 "seconds_to_queue": round(queued, 1), "pairs_per_second": round(found.ok / seconds, 1),
                                 "server": counted, "workers_mib": memory[fifth - 1 :: fifth]}) + "\n")  # fmt: skip


@contextmanager
def workers(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Each dispatches too: without a Redis to share, a worker is rung by its own bell."""
    environment = {**os.environ, "LORE_WORKER_THREADS": "6"}
    processes = [subprocess.Popen([sys.executable, "manage.py", "work"], env=environment) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def resident_mib(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() // 2**20


if __name__ == "__main__":
    main()
