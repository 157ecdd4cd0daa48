"""What one judgment with its next card costs a web process, without a server around it.

    LORE_LOG_LEVEL=warning python -m benchmarks.one_judgment [--pairs 100000] [--judgments 300] [--profile]

Over a world (benchmarks.world), through Django's test client, in one thread: processor time of the process, wall time (the
rest is PostgreSQL and its commits), statements. The floor, in the same run, is a page of the same gate that shows next to
nothing (renewing the lease); the control is the same judgment with the SQL of every compiled queryset built anew.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks import world
from benchmarks.submit_next import KEY, TOKEN
from database import compiling
from projects.models import Person

PACKAGES = ("annotation", "catalogue", "inference", "projects", "rules")


class Labeler:
    def __init__(self, person: Person) -> None:
        self.client = Client(headers={"HX-Request": "true"})
        self.client.force_login(person)
        self.page = self.client.get("/p/world/judge/").content.decode()

    @property
    def address(self) -> str:
        return f"/p/world/judge/{self._found(TOKEN)}/"

    def judge(self) -> None:
        fields = {"idempotency_key": self._found(KEY), "choice": "L3", "note": ""}
        self.page = self._posted(self.address, fields, 200)

    def renew(self) -> None:
        self._posted(f"{self.address}renew/", {}, 204)

    def _posted(self, address: str, fields: dict[str, str], wanted: int) -> str:
        answer = self.client.post(address, fields)
        assert answer.status_code == wanted, (answer.status_code, answer.content[:300])
        return str(answer.content.decode())

    def _found(self, pattern: re.Pattern[str]) -> str:
        found = pattern.search(self.page)
        assert found is not None, self.page[:300]
        return found.group(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--judgments", type=int, default=300)
    parser.add_argument("--profile", action="store_true", help="also say where the time goes")
    options = parser.parse_args()
    world.make(options.pairs)
    with world.entered(options.pairs), override_settings(ALLOWED_HOSTS=["*"]):
        labeler = Labeler(Person.objects.filter(username__startswith="labeler-").order_by("pk")[0])
        found: dict[str, Any] = {"pairs": options.pairs, "judgments": options.judgments}
        for turn in ("once", "again"):  # both twice, since the machine's pace changes
            found[f"judgment, {turn}"] = _cost(labeler.judge, options.judgments)
            with built_anew():
                found[f"built anew, {turn}"] = _cost(labeler.judge, options.judgments)
            found[f"floor, {turn}"] = _cost(labeler.renew, options.judgments)
        if options.profile:
            _profile(labeler.judge, options.judgments)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


@contextmanager
def built_anew() -> Iterator[None]:
    """Every compiled queryset as it would be without database.compiling."""
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in PACKAGES:
                for attribute, value in list(vars(module).items()):
                    build, code = getattr(value, "__wrapped__", None), getattr(value, "__code__", None)
                    if build is not None and code is not None and code.co_filename == compiling.__file__:
                        stack.enter_context(mock.patch.object(module, attribute, _anew(build)))
        yield


def _anew(build: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda *args: list(build(*args))


def _cost(act: Callable[[], None], times: int) -> dict[str, float]:
    for _ in range(20):
        act()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(times):
        act()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    with CaptureQueriesContext(connection) as statements:
        act()
    return {
        "processor_ms": round(1000 * processor / times, 1),
        "wall_ms": round(1000 * wall / times, 1),
        "statements": len(statements),
    }


def _profile(act: Callable[[], None], times: int) -> None:
    profile = cProfile.Profile()
    with profile:
        for _ in range(times):
            act()
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(80)


if __name__ == "__main__":
    main()
