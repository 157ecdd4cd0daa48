"""One world for every permission test: each kind of object in a project of ours, in a foreign one and in an archived one.

Every text of it carries a mark of its own, so that a page that shows one tells which column of whom it came from. All
ten actors lead another project besides: what a person may do there must never count here.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

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


ABSENT_TEXT = {
    "token": "00000000-0000-4000-8000-000000000000",
    "link": "no-such-link",
    "sha256": "0" * 64,
    "code": "R-999",
    "name": "nothing.jsonl",
}
ABSENT_NUMBER = 987_654_321


def absent(key: str) -> str:
    return ABSENT_TEXT.get(key.partition("_of_")[0], str(ABSENT_NUMBER))
