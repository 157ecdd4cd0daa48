"""H1: strangers hold connections by being slow; people judge and /health/ answers as if nobody did."""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from projects.models import Project
from tests.conftest import FreshDatabase
from tests.drills.http_people import HttpPerson
from tests.drills.scale import FULL, size
from tests.drills.slow_clients import slow_clients
from tests.drills.test_crowd import people, project
from tests.processes import BARE_GUNICORN, ROOT, answers, free_port, process, wait_until

pytestmark = pytest.mark.drill
__all__ = ["project"]
SLOW = size(full=200, quick=60)
SECONDS = size(full=30, quick=6)
PEOPLE = size(full=50, quick=8)
BARE = [*BARE_GUNICORN, "lore_app.wsgi", "--workers", "2", "--threads", "8"]


def shipped() -> list[str]:
    """The command of the image."""
    line = next(line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    return [sys.executable, "-m", *json.loads(line.removeprefix("CMD "))]


@contextmanager
def served(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[str]:
    port = free_port()
    words = [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with process(words, {**environment, "LORE_PORT": str(port)}, ROOT, folder / f"web-{port}.log"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/"), seconds=120, what="the web server")
        yield f"http://127.0.0.1:{port}"


@dataclass
class Felt:
    """Seconds of what people and the one who watches asked for, and how often there was no answer."""

    judged: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    errors: int = 0

    def of(self, ask: Callable[[], bool], times: list[float]) -> None:
        began = time.monotonic()
        try:
            fine = ask()
        except OSError:
            fine = False
        self.errors += not fine
        times.append(time.monotonic() - began)


def healthy(address: str) -> bool:
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)) as asking:
        asking.request("GET", "/health/", headers={"Connection": "close"})
        return asking.getresponse().status == 200


def judged(person: HttpPerson) -> bool:
    card = person.card("shoes")
    return card is not None and person.submit("shoes", card, choice="L4")[0] == 302


def felt(address: str, crowd: list[HttpPerson]) -> Felt:
    """While everybody judges, a card each two seconds."""
    found, ends = Felt(), time.monotonic() + SECONDS
    ended = threading.Event()

    def keep_judging(person: HttpPerson) -> None:
        while time.monotonic() < ends:
            found.of(lambda: judged(person), found.judged)
            ended.wait(2)

    def keep_watching() -> None:
        while time.monotonic() < ends:
            found.of(lambda: healthy(address), found.health)
            ended.wait(0.2)

    with ThreadPoolExecutor(len(crowd) + 1) as pool:
        working = [pool.submit(keep_judging, one) for one in crowd] + [pool.submit(keep_watching)]
        for one in working:
            one.result()
    return found


def test_slow_strangers_hold_up_nobody(
    project: Project, fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[..., None]
) -> None:
    everybody = people(project, PEOPLE)
    with served(shipped(), fresh_database.environment, tmp_path) as address:
        crowd = [HttpPerson(address, person) for person in everybody]
        with slow_clients(address, SLOW) as attack:
            shown = felt(address, crowd)
    with served(BARE, fresh_database.environment, tmp_path) as address, slow_clients(address, SLOW):
        naive = Felt()
        for _ in range(2):
            naive.of(lambda: healthy(address), naive.health)
    figures(
        "D40", slow=SLOW, people=PEOPLE, judged=len(shown.judged), errors=shown.errors,
        health_p95_ms=round(1000 * statistics.quantiles(shown.health, n=20)[-1]),
        judged_p95_ms=round(1000 * statistics.quantiles(shown.judged, n=20)[-1]),
        naive_control=f"{naive.errors} of {len(naive.health)} health checks unanswered",
    )  # fmt: skip
    assert attack.connected >= SLOW
    assert shown.errors == 0 and len(shown.judged) >= PEOPLE
    assert naive.errors > 0
    if FULL:  # which runs alone
        assert statistics.quantiles(shown.health, n=20)[-1] < 1
