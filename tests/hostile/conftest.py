"""A workplace with something of everything in it, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django.test import Client

from projects.models import Person, Project
from tests.conftest import FreshDatabase
from tests.world import installation


@dataclass
class Workplace:
    """The own project of the installation, and the people in it by name."""

    project: Project
    cast: SimpleNamespace

    def client(self, person: Person) -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def clients(self) -> Iterator[tuple[str, Client]]:
        for name in ("lena", "ana", "ada", "max", "rosa", "kira", "otto", "root"):
            yield name, self.client(getattr(self.cast, name))


@pytest.fixture
def workplace(fresh_database: FreshDatabase) -> Workplace:
    world = installation.build()
    return Workplace(world.projects["own"], SimpleNamespace(**world.people))
