"""Each gate taken away in turn: the matrix, the list of fields or the strangers' test must notice every one.

The suite tries a part, drawn by name; LORE_DRILLS=full all of them.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence

import pytest

from annotation.models import Draft
from projects.models import Role
from projects.policy import ROLES, Permission
from tests.drills.scale import FULL
from tests.permissions import matrix, mutants, oracle, strangers
from tests.permissions.doors import METHODS, Doors
from tests.permissions.mutants import Mutant
from tests.permissions.test_fields import seen, told, undone
from tests.permissions.world import EVERYBODY, World

ONE_IN = 1 if FULL else 16


def drawn(found: Sequence[Mutant], one_in: int) -> list[Mutant]:
    """The same at each run, whatever was added elsewhere."""
    return [one for one in found if zlib.crc32(one.name.encode()) % one_in == 0]


def notices(world: World, doors: Doors, mutant: Mutant) -> str:
    """The first difference from the oracle, or nothing."""
    with mutant.apply():
        for url in mutant.urls:
            found = matrix.walk(
                world,
                doors,
                url,
                methods=mutant.methods or METHODS,
                actors=mutant.actors or EVERYBODY,
                until_different=True,
            )
            if found.differences:
                return found.differences[0]
            if mutant.name.startswith("annotation.judging") and (lost := _lost_drafts(world, doors, url)):
                return lost
    return ""


def _lost_drafts(world: World, doors: Doors, url: str) -> str:
    """An answer takes away the own draft of the pair and nobody else's."""
    if url != "judge-submit":
        return ""
    with undone():
        row = oracle.by_url()[url]["POST"]
        target = next(oracle.targets(world, row, "labeler"))
        fields = {"idempotency_key": "11111111-1111-4111-8111-111111111111", "choice": "L4"}
        doors.send("POST", target.path, world.cookies["labeler"], body=fields, keep=True)
        pair = world.objects["shoes"]["held_pair"]
        left = set(Draft.objects.filter(pair=pair).values_list("person__username", flat=True))
        return "" if left == {world.people["alan"].username} else f"drafts left: {left}"


def test_every_gate_of_the_tables_and_of_the_gate_itself_is_needed(
    world: World, doors: Doors, figures: Callable[..., None]
) -> None:
    found = [*mutants.of_policy(), *mutants.of_roles()]
    tried = [one for one in drawn(found, ONE_IN) if one.urls] + [*mutants.of_gates(), *mutants.of_log()]
    began = time.monotonic()
    alive = [one.name for one in tried if not notices(world, doors, one)]
    figures(
        "permission mutants, tables and gate",
        of=len([one for one in found if one.urls]) + len([*mutants.of_gates(), *mutants.of_log()]),
        tried=len(tried),
        killed=len(tried) - len(alive),
        seconds=round(time.monotonic() - began),
    )
    assert alive == []


def test_every_filter_that_keeps_strangers_apart_is_needed(
    world: World, doors: Doors, figures: Callable[..., None]
) -> None:
    """Twice: each alone, and what none of the pages showed, once more after another project and a colleague came by."""
    every = list(mutants.of_code())
    tried = drawn(every, ONE_IN)
    began = time.monotonic()
    quiet = [one for one in tried if not notices(world, doors, one)]
    before = {one.name: _pages(world, doors, one) for one in quiet}
    after = {}
    for happens in (strangers.another_project, strangers.a_colleagues_rows):
        with undone():
            happens(world)
            for one in quiet:
                after[one.name, happens] = _pages(world, doors, one)
    alive = [
        one.name
        for one in quiet
        if all(pages == before[name] for (name, _), pages in after.items() if name == one.name)
    ]
    figures(
        "permission mutants, filters",
        of=len(every),
        tried=len(tried),
        killed=len(tried) - len(alive),
        seconds=round(time.monotonic() - began),
    )
    assert alive == []


def _pages(world: World, doors: Doors, mutant: Mutant) -> strangers.Pages:
    with mutant.apply():
        return strangers.pages(world, doors, set(mutant.urls))


@pytest.mark.parametrize("role", sorted(set(Role) - ROLES[Permission.SEE_NAMES]))
def test_names_for_one_role_more_are_noticed(
    world: World, doors: Doors, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    monkeypatch.setitem(ROLES, Permission.SEE_NAMES, ROLES[Permission.SEE_NAMES] | {role})  # type: ignore[arg-type]
    actor = mutants.ROLE_OF[role]
    urls = {"knowledge-card", "bad-cases", "models", "pair", "standard"}
    found, listed = seen(world, doors, urls=urls, actors=[actor]), told()
    assert [key for key, who in found.items() if actor in who and actor not in listed.get(key, set())]
