"""People who judge over HTTP while something behind the pages is broken: how long each submit took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalogue.models import Pair
from projects.models import Membership, Person, Project
from tests.conftest import FreshDatabase
from tests.drills.http_people import HttpPerson
from tests.processes import web_server
from tests.world.rows import make_slots

PEOPLE = 4


@contextmanager
def crowd(database: FreshDatabase, folder: Path, settings: Any, submits: int, **environment: str) -> Iterator[Crowd]:
    """Labelers of the project `shoes`, a slot for each of their submits, and a web server of their own."""
    settings.SECRET_KEY = database.environment["LORE_SECRET_KEY"]  # sessions made here are read there
    project = Project.objects.get(slug="shoes")
    for pair in Pair.objects.filter(project=project).order_by("pk")[:submits]:
        make_slots(pair=pair, count=1, mode="blind")
    people = [Person.objects.create_person(f"labeler-{number}") for number in range(PEOPLE)]
    Membership.objects.bulk_create(Membership(project=project, person=one, role="labeler") for one in people)
    with web_server({**database.environment, **environment}, folder) as address:
        yield Crowd(address, people)


class Crowd:
    def __init__(self, address: str, people: list[Person]) -> None:
        self.people = [HttpPerson(address, person) for person in people]

    def judge_everything(self) -> list[float]:
        """Seconds of each submit; every one is acknowledged."""
        with ThreadPoolExecutor(len(self.people)) as pool:
            return [seconds for taken in pool.map(self._judge, self.people) for seconds in taken]

    def _judge(self, person: HttpPerson) -> list[float]:
        taken = []
        while (card := person.card("shoes")) is not None:
            began = time.monotonic()
            status, text = person.submit("shoes", card, choice="L4")
            taken.append(time.monotonic() - began)
            assert status == 302, text[:300]
        return taken


def p99(taken: list[float]) -> float:
    return sorted(taken)[max(0, round(len(taken) * 0.99) - 1)]
