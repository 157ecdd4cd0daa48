"""Who acts in the installation of tests.world, the places they act in, and the marks that its texts carry.

Each text has a mark of its own, so that a page that shows one tells which column of whom it came from.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from catalogue.models import Pair
from inference.models import ModelVersion
from projects.models import Person, Project, Role, Scope

MARK = re.compile(r"zq[a-z]{6}q")
DIGEST = "1" * 64


class Marks:
    """Hands out marks and remembers what each stands in: (where, column, whose). `where` is own, foreign, archived or all."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str, str]] = {}
        self._numbers = itertools.count()

    def __call__(self, where: str, column: str, whose: str = "") -> str:
        number, letters = next(self._numbers), ""
        for _ in range(5):
            number, rest = divmod(number, 26)
            letters = chr(97 + rest) + letters
        mark = f"zq{where[0]}{letters}q"
        self.known[mark] = (where, column, whose)
        return mark

    def seen_in(self, text: str) -> set[tuple[str, str, str]]:
        return {self.known[mark] for mark in set(MARK.findall(text.lower())) if mark in self.known}


ACTORS: dict[str, tuple[str, Role | None]] = {
    "labeler": ("ana", Role.LABELER),
    "adjudicator": ("ada", Role.ADJUDICATOR),
    "rule_owner": ("rosa", Role.RULE_OWNER),
    "ml_engineer": ("max", Role.ML_ENGINEER),
    "lead": ("lena", Role.LEAD),
    "auditor": ("otto", Role.AUDITOR),
    "system_admin": ("root", None),
    "stranger": ("eve", None),
    "keeper": ("kira", None),  # a rule owner of the installation, in no project; Rosa is one of the project alone
    "deactivated": ("dora", Role.LEAD),
}
SIGNED_OUT = ("anonymous", "deactivated")
EVERYBODY = [*ACTORS, "anonymous"]
# Programs, by the service token each holds: its scopes, and whose project it is of. They are tried at /api/ alone.
PROGRAMS: dict[str, tuple[str, list[Scope]]] = {
    **{f"{scope}_token": ("own", [scope]) for scope in Scope},
    "expired_token": ("own", list(Scope)),
    "revoked_token": ("own", list(Scope)),
    "foreign_token": ("foreign", list(Scope)),
}
NO_TOKENS = ("expired_token", "revoked_token")
OTHERS = {"ben": Role.LABELER, "ruth": Role.RULE_OWNER, "alan": Role.ADJUDICATOR}


@dataclass
class World:
    """`objects[slug]` is what paths name in that project, `absent` the same for what is nowhere."""

    marks: Marks = field(default_factory=Marks)
    people: dict[str, Person] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)  # of programs
    projects: dict[str, Project] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    acting: str = ""  # who sends the form that is being made

    def actor(self, name: str) -> Person | None:
        return self.people[ACTORS[name][0]] if name in ACTORS else None

    def person(self, where: str, name: str) -> Person:
        """Who does it there: of a foreign project Hanna does everything."""
        return self.people["hanna" if where == "foreign" else name]


def pairs_of(world: World, project: Project, *names: str) -> list[Pair]:
    things = world.objects[project.slug]
    rows = Pair.objects.select_related("project", "query", "item__current_snapshot", "batch")
    return [rows.get(pk=things[f"{name}_pair"]) for name in names]


@dataclass
class Place:
    """A project on its way into the world. `where` is what it is to the actors: own, foreign or archived."""

    world: World
    where: str
    project: Project

    @property
    def foreign(self) -> bool:
        return self.where == "foreign"

    @property
    def things(self) -> dict[str, Any]:
        """What paths name in it."""
        return self.world.objects[self.project.slug]

    @property
    def model(self) -> ModelVersion:
        return ModelVersion.objects.get(pk=self.world.shared["version_id"])

    def person(self, name: str) -> Person:
        return self.world.person(self.where, name)

    def mark(self, column: str, whose: str = "") -> str:
        return self.world.marks(self.where, column, "hanna" if whose and self.foreign else whose)

    def marks(self, model: type[models.Model], *columns: str) -> dict[str, str]:
        """A mark for each of these columns, to make a row with."""
        return {column: self.mark(f"{model.__name__}.{column}") for column in columns}

    def pairs(self, *names: str) -> list[Pair]:
        return pairs_of(self.world, self.project, *names)
