"""What labelers feel of a pre-label run against a model server that misbehaves.

    python -m benchmarks.labelers_beside [--people 20] [--seconds 20] [--jobs 400]

So many people judge over real HTTP, one judgment each in three seconds; told is the time of a submit and the next card
(median and 95th percentile, milliseconds) with no run, beside a run against each of four modes of the misbehaving
server, and, as the control, with a web process that calls the silent server itself before it answers.
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
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from annotation.models import Slot
from catalogue.models import Pair
from inference.prelabel import runs
from inference.prelabel.runs import Wish
from lore_app.wsgi import application
from projects.models import Project, Role
from tests.drills.http_people import HttpPerson
from tests.misbehaving.served import served_at
from tests.misbehaving.server import Misbehaving, running
from tests.processes import web_server
from tests.world import large
from tests.world.rows import make_people

MODES = ("good", "always_500", "silent", "huge")
PACE, DEADLINE = 3.0, 2.0
SILENT_SERVER = "LORE_BENCHMARK_SILENT_SERVER"


def asking_in_the_request(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The control: what happens where a web request waits for a model."""
    if "/judge/" in environ["PATH_INFO"]:
        body = json.dumps({"model": "lore", "messages": [{"role": "user", "content": "L1 to L4?"}]}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(os.environ[SILENT_SERVER], body, headers)
        with suppress(OSError):
            urllib.request.urlopen(request, timeout=DEADLINE)
    return application(environ, start_response)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("people", 20), ("seconds", 20), ("jobs", 400)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with running() as server, tempfile.TemporaryDirectory() as folder:
        with web_server(os.environ, Path(folder)) as address:
            found["alone"] = _felt(address, options.people, options.seconds)
            for mode in MODES:
                with _run_against(server, mode, options.jobs) as ended:
                    found[mode] = {**_felt(address, options.people, options.seconds), "jobs_ended": ended()}
        environment = {**os.environ, SILENT_SERVER: server.base_url("silent") + "/chat/completions"}
        naive = "benchmarks.labelers_beside:asking_in_the_request"
        with web_server(environment, Path(folder), naive) as address:
            found["control"] = _felt(address, options.people, options.seconds)
    for name, figures in found.items():
        sys.stderr.write(f"{name:12} median {figures['median_ms']:7.0f} ms  p95 {figures['p95_ms']:7.0f} ms\n")
    sys.stdout.write(json.dumps(found) + "\n")


@contextmanager
def _run_against(server: Misbehaving, mode: str, jobs: int) -> Iterator[Callable[[], int]]:
    name = f"{mode}-{time.time_ns()}"
    project = Project.objects.create(slug=name.replace("_", "-"), name=name)
    large.stock(project, jobs)
    served_at(server, mode, name=name, deadline_seconds=DEADLINE, breaker_failures=0)
    run = runs.start_run(project, None, Wish(name))
    worker = subprocess.Popen([sys.executable, "manage.py", "work"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(3)  # until it works
        yield lambda: run.jobs.filter(state__in=["done", "dead"]).count()
    finally:
        worker.terminate()
        worker.wait()
        runs.cancel(run, None)


def _felt(address: str, people: int, seconds: int) -> dict[str, Any]:
    """Everyone's submits, each with the card that follows, at a human pace."""
    name = f"felt-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name, overlap=1)
    wanted = people * (int(seconds / PACE) + 2)
    large.stock(project, wanted)
    Slot.objects.bulk_create(
        Slot(project=project, pair=pair, number=1, position=pair.pk) for pair in Pair.objects.filter(project=project)
    )
    crowd = make_people(project=project, roles={f"{name}-{n}": Role.LABELER for n in range(people)}).values()
    with ThreadPoolExecutor(people) as pool:
        taken = pool.map(lambda one: _judge(HttpPerson(address, one), name, seconds), crowd)
        times = [one for person in taken for one in person]
    return {
        "judgments": len(times),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
    }


def _judge(person: HttpPerson, slug: str, seconds: int) -> list[float]:
    times = []
    ends = time.monotonic() + seconds
    time.sleep(random.random() * PACE)  # nobody begins with the others
    card = person.card(slug)
    while card is not None and time.monotonic() < ends:
        began = time.monotonic()
        status, told = person.submit(slug, card, choice="L3")
        assert status == 302, told[:300]
        card = person.card(slug)
        took = time.monotonic() - began
        times.append(1000 * took)
        time.sleep(max(0.0, PACE - took))
    return times


if __name__ == "__main__":
    main()
