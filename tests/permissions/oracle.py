"""Who may do what, read from oracle.csv: written by hand from docs/roles.md, never from POLICY.

A new URL needs its rows there, and a form in bodies.py where it writes. Columns: the URL's name and method; its path, with
the names under which tests.world keeps its objects; the kind of object; who passes (`anyone`, `signed-in`, or actors by name);
and the tables that a permitted request may change, all of which some permitted request does change.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.world.cast import ACTORS, EVERYBODY, PROGRAMS, SIGNED_OUT, World

FILE = Path(__file__).with_name("oracle.csv")
KINDS = {"", "link", "installation", "shared", "project", "in project", "own lease", "own case"}
ABSENT_TEXT = {
    "token": "00000000-0000-4000-8000-000000000000",
    "link": "no-such-link",
    "sha256": "0" * 64,
    "code": "R-999",
    "name": "nothing.jsonl",
}
ABSENT_NUMBER = 987_654_321
PLACES = {"own": "shoes", "foreign": "boots", "archived": "shirt", "absent": "nohow"}


@dataclass(frozen=True)
class Row:
    url: str
    method: str
    path: str
    kind: str
    who: frozenset[str]
    changes: frozenset[str]

    @property
    def for_programs(self) -> bool:
        return self.path.startswith("/api/")

    def passes(self, actor: str) -> bool:
        if "anyone" in self.who:
            return self.for_programs or actor not in PROGRAMS
        if self.for_programs != (actor in PROGRAMS):
            return False
        return actor not in SIGNED_OUT and (actor in self.who or "signed-in" in self.who)


@dataclass(frozen=True)
class Target:
    """A place a path leads to, and whether what it names is there for this actor."""

    name: str
    path: str
    there: bool


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Row(
                row["url"],
                row["method"],
                row["path"],
                row["object"],
                frozenset(row["who"].split()),
                frozenset(row["changes"].split()),
            )
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=1)
def by_url() -> dict[str, dict[str, Row]]:
    """URL name -> method -> row; HEAD is GET."""
    answer: dict[str, dict[str, Row]] = {}
    for row in rows():
        answer.setdefault(row.url, {})[row.method] = row
        if row.method == "GET":
            answer[row.url]["HEAD"] = row
    return answer


def targets(world: World, row: Row, actor: str) -> Iterator[Target]:
    """The own object first; then a colleague's, a foreign one, an absent one; then the same in other projects."""
    here = {"slug": "shoes", **world.shared, **world.objects["shoes"]}
    _own(world, row.kind, actor, here)
    objects = [key for key in re.findall(r"{(\w+)}", row.path) if key not in {"slug", "size"}]
    yield Target("own", row.path.format(**here), there=True)
    if row.kind == "own lease":
        colleague = "token_of_ada" if actor == "labeler" else "token_of_ana"
        yield Target("a colleague's", row.path.format(**{**here, "token": here[colleague]}), there=False)
        elsewhere = world.objects["hats"]["token_of_ada" if actor == "adjudicator" else "token_of_ana"]
        yield Target("an own one's of elsewhere", row.path.format(**{**here, "token": elsewhere}), there=False)
    if row.kind == "own case" and actor == "labeler":
        others = world.objects["shoes"]["case_id"]
        yield Target("a colleague's", row.path.format(**{**here, "case_id": others}), there=False)
    foreign = world.objects["boots"]
    if objects:
        if row.kind in {"in project", "own lease", "own case"}:
            theirs = {key: foreign[key] for key in objects if key != "name"}
            yield Target("a foreign one's", row.path.format(**{**here, **theirs}), there=False)
        missing = {key: absent(key) for key in objects}
        yield Target("an absent one's", row.path.format(**{**here, **missing}), there=False)
    if row.kind in {"", "link", "installation"}:
        return
    for place, where in (("foreign", foreign), ("archived", world.objects["shirt"]), ("absent", here)):
        if (actor, place) != ("foreign_token", "foreign"):  # there it is at home
            yield Target(f"{place} project", row.path.format(**{**here, **where, "slug": PLACES[place]}), there=False)


def absent(key: str) -> str:
    return ABSENT_TEXT.get(key.partition("_of_")[0], str(ABSENT_NUMBER))


def _own(world: World, kind: str, actor: str, here: dict[str, object]) -> None:
    if kind == "own lease" and actor in ACTORS:
        here["token"] = here.get(f"token_of_{ACTORS[actor][0]}", here["token_of_ana"])
    if kind == "own case" and actor in ACTORS:
        here["case_id"] = here.get(f"{ACTORS[actor][0]}s_case", here["case_id"])


def check_words() -> list[str]:
    """What in the file cannot be meant."""
    known = {*EVERYBODY, *PROGRAMS, "anyone", "signed-in"} - {"anonymous", "deactivated"}
    wrong = [f"{row.url}: {word}" for row in rows() for word in row.who if word not in known]
    meant = [(row, word) for row in rows() for word in row.who - {"anyone"}]
    wrong += [f"{row.url}: {word}" for row, word in meant if row.for_programs != (word in PROGRAMS)]
    return wrong + [f"{row.url}: {row.kind}" for row in rows() if row.kind not in KINDS]
