"""What a submit and the next card cost on the server: many people at a human pace, and a few as fast as they can.

    python -m benchmarks.submit_next [--pairs 1000000] [--people 50] [--seconds 30] [--clients 8] [--workers 1]

Over a world (benchmarks.world) and a real gunicorn. A person posts what a browser posts (the answer, and which card is on
the screen already) and is answered with the card after that one. The people judge twice as long as told: `just_started` is
the first half, with a process that has answered nothing yet (16 connections, each to plan its statements). The floor stands
in the same process: a bare view that claims a row and inserts another in one statement, without session, gate, page or
anything a judgment needs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from annotation.models import Judgment
from benchmarks import world
from database.connecting import connected_as
from lore_app.wsgi import application
from projects.models import Person
from tests.drills.http_people import HttpPerson
from tests.processes import web_server

PACE = 3.0
BARE = """WITH free AS (SELECT id FROM bare_slot WHERE open ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1),
  taken AS (UPDATE bare_slot s SET open = false FROM free WHERE s.id = free.id RETURNING s.id)
INSERT INTO bare_judgment (slot_id, label) SELECT id, 'L4' FROM taken RETURNING slot_id"""
TOKEN = re.compile(r'data-token="([0-9a-f-]{36})"')
KEY = re.compile(r'name="idempotency_key" value="([0-9a-f-]{36})"')


def with_bare_view(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What gunicorn serves here: the product, and the floor beside it."""
    if environ["PATH_INFO"] != "/bare/":
        return application(environ, start_response)
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        (slot,) = cursor.fetchone()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(slot).encode()]


class Labeler:
    """Someone at a screen that holds the next card ready, on one kept connection."""

    def __init__(self, address: str, person: Person) -> None:
        self.http = HttpPerson(address, person, kept=True)
        self.screen = self._read(self.http.get("/p/world/judge/")[1])
        self.ahead = self._read(self.http.get(f"/p/world/judge/{self.screen[0]}/ahead/")[1])

    def judge(self) -> float:
        """Seconds from the answer sent to the further card received."""
        began = time.perf_counter()
        token, key = self.screen
        fields = {
            "idempotency_key": key,
            "choice": random.choice(("L1", "L3", "L4")),
            "seconds": "3",
            "shown": self.ahead[0],
        }
        status, page = self.http.post(f"/p/world/judge/{token}/", fields, htmx=True)
        took = time.perf_counter() - began
        assert status == 200, (status, page[:300])
        self.screen, self.ahead = self.ahead, self._read(page)
        return took

    @staticmethod
    def _read(page: str) -> tuple[str, str]:
        token, key = TOKEN.search(page), KEY.search(page)
        assert token is not None and key is not None, page[:500]
        return token.group(1), key.group(1)


class Bare:
    def __init__(self, address: str) -> None:
        self.http = HttpPerson(address, None, kept=True)

    def judge(self) -> float:
        began = time.perf_counter()
        status, _ = self.http.get("/bare/")
        assert status == 200
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pairs", 1_000_000), ("people", 50), ("seconds", 30), ("clients", 8), ("workers", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    world.make(options.pairs)
    with world.entered(options.pairs) as environment, tempfile.TemporaryDirectory() as folder:
        _make_bare(options.pairs)
        people = list(Person.objects.filter(username__startswith="labeler-").order_by("pk"))
        environment |= {"WEB_CONCURRENCY": str(options.workers)}
        with web_server(environment, Path(folder), "benchmarks.submit_next:with_bare_view") as address:
            stored = Judgment.objects.count()
            crowd = [Labeler(address, one) for one in people[: options.people]]
            cold, paced = _run(crowd, options.seconds, PACE), _run(crowd, options.seconds, PACE)
            labelers = [Labeler(address, one) for one in people[: options.clients]]
            bare = [Bare(address) for _ in range(options.clients)]
            _run(labelers, 3), _run(bare, 2)  # warm
            floors = [_run(bare, options.seconds / 4)]
            saturated = _run(labelers, options.seconds)
            floors.append(_run(bare, options.seconds / 4))
            stored = Judgment.objects.count() - stored
    floor = max(one["per_second"] for one in floors)
    found = {
        "pairs": options.pairs, "workers": options.workers, "people": {"n": options.people, **paced}, "just_started": cold,
        "saturated": {"clients": options.clients, **saturated}, "bare": floors,
        "ratio": round(saturated["per_second"] / floor, 3), "stored": stored,
    }  # fmt: skip
    for name in ("just_started", "people", "saturated"):
        sys.stderr.write(f"{name:10} {found[name]}\n")
    sys.stdout.write(json.dumps(found) + "\n")


def _make_bare(pairs: int) -> None:
    statements = """DROP TABLE IF EXISTS bare_judgment, bare_slot;
        CREATE TABLE bare_slot (id bigint PRIMARY KEY, open boolean NOT NULL);
        CREATE INDEX bare_open ON bare_slot (id) WHERE open;
        CREATE TABLE bare_judgment (id bigserial PRIMARY KEY, slot_id bigint NOT NULL REFERENCES bare_slot, label text);
        GRANT ALL ON bare_slot, bare_judgment TO lore_app; GRANT ALL ON SEQUENCE bare_judgment_id_seq TO lore_app;"""
    owner = {**settings.OWNER_DATABASE, "NAME": world.database(pairs)}
    with connected_as(owner), connection.cursor() as cursor:
        cursor.execute(statements)
        cursor.execute("INSERT INTO bare_slot SELECT n, true FROM generate_series(1, 200000) n")


def _run(clients: list[Any], seconds: float, pace: float = 0) -> dict[str, float]:
    """Everyone judges for so long; nobody at a human pace begins with the others."""
    ends = time.monotonic() + seconds
    times: list[float] = []

    def work(client: Any) -> None:
        time.sleep(random.random() * pace)
        while time.monotonic() < ends:
            took = client.judge()
            times.append(took)
            time.sleep(max(0.0, pace - took))

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    return {
        "n": len(times),
        "per_second": round(len(times) / took, 1),
        "median_ms": round(1000 * statistics.median(times), 1),
        "p95_ms": round(1000 * statistics.quantiles(times or [0, 0], n=20)[-1], 1),
    }


if __name__ == "__main__":
    main()
