"""What fifty people and `/health/` feel while strangers hold connections by being slow.

    python -m benchmarks.slow_clients [--pairs 5000] [--people 50] [--seconds 20] [--slow 0 16 60 200] [--bare]

Over a world (benchmarks.world), by the image's gunicorn with two processes of eight threads; `--bare` by gunicorn as it comes,
where a thread waits for each client. The strangers send heads and bodies a byte in two seconds, and hardly read what they ask for.
An answer that takes ten seconds is none.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import world
from benchmarks.submit_next import PACE, Labeler
from projects.models import Person
from tests.drills.http_people import HttpPerson
from tests.drills.slow_clients import slow_clients
from tests.processes import BARE_GUNICORN, GUNICORN, web_server

DEADLINE = 10.0


class Felt:
    def __init__(self) -> None:
        self.times: list[float] = []
        self.errors = 0

    def of(self, ask: Callable[[], object]) -> None:
        began = time.perf_counter()
        try:
            ask()
        except (OSError, AssertionError):
            self.errors += 1
        self.times.append(time.perf_counter() - began)

    def told(self) -> dict[str, float]:
        last = statistics.quantiles(self.times, n=20)[-1] if len(self.times) > 1 else self.times[0]
        return {"n": len(self.times), "errors": self.errors, "p95_ms": round(1000 * last)}


def felt(address: str, crowd: list[Labeler], seconds: float) -> dict[str, dict[str, float]]:
    judged, health = Felt(), Felt()
    ends = time.monotonic() + seconds

    def keep(ask: Callable[[], object], found: Felt, pace: float) -> None:
        time.sleep(random.random() * pace)
        while time.monotonic() < ends:
            began = time.monotonic()
            found.of(ask)
            time.sleep(max(0.0, began + pace - time.monotonic()))

    watcher = HttpPerson(address, None)
    watcher.timeout = DEADLINE
    work = [(one.judge, judged, PACE) for one in crowd] + [(lambda: watcher.get("/health/"), health, 0.2)]
    threads = [threading.Thread(target=keep, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"judging": judged.told(), "health": health.told()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pairs", 5000), ("people", 50), ("seconds", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--slow", type=int, nargs="+", default=[0, 16, 60, 200])
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    world.make(options.pairs)
    found = {}
    with world.entered(options.pairs) as environment, tempfile.TemporaryDirectory() as folder:
        people = list(Person.objects.filter(username__startswith="labeler-").order_by("pk"))[: options.people]
        gunicorn = [*(BARE_GUNICORN if options.bare else GUNICORN)]
        for slow in options.slow:
            told = {**environment, "WEB_CONCURRENCY": "2"}
            with web_server(told, Path(folder), gunicorn=gunicorn, threads="8") as address:
                crowd = [Labeler(address, one) for one in people]
                for one in crowd:
                    one.http.timeout = DEADLINE
                with slow_clients(address, slow):
                    found[slow] = felt(address, crowd, options.seconds)
            sys.stderr.write(f"{slow} slow: {found[slow]}\n")
    sys.stdout.write(json.dumps({"bare": options.bare, "slow": found}) + "\n")


if __name__ == "__main__":
    main()
