"""Each gate taken away in turn: the matrix, the list of fields or the strangers' test must notice every one.

The suite tries a part, drawn by name; LORE_SIZE=full all of them.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence

import pytest

from projects.models import Role
from projects.policy import ROLES, Permission
from tests.drills.scale import FULL
from tests.permissions import matrix, mutants, oracle, strangers
from tests.permissions.doors import METHODS, Doors, undone
from tests.permissions.mutants import Mutant
from tests.permissions.test_fields import seen, told
from tests.permissions.test_forms import NAMED_BY_PROGRAMS, NAMING, told_apart, told_apart_by_programs
from tests.world.cast import EVERYBODY, World

ONE_IN = 1 if FULL else 16


def drawn(found: Sequence[Mutant], one_in: int) -> list[Mutant]:
    """The same at each run, whatever was added elsewhere."""
    return [one for one in found if zlib.crc32(one.name.encode()) % one_in == 0]


def notices(world: World, doors: Doors, mutant: Mutant) -> str:
    """The first difference from the oracle, or nothing."""
    with mutant.apply():
        doors = Doors()  # which keeps the gate's methods as they are when it sends its first request
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
            if mutant.actors == mutants.INSIDE and (less := _changes_less(world, doors, url, found)):
                return less
            if (
                mutant.actors == mutants.INSIDE
                and url.startswith("judge")
                and (lost := strangers.touched(world, doors, url))
            ):
                return lost
    return ""


def _changes_less(world: World, doors: Doors, url: str, found: matrix.Found) -> str:
    """A permitted write that no longer does what the oracle says it does."""
    for method, row in oracle.by_url()[url].items():
        if (
            method == "POST"
            and row.who & set(mutants.INSIDE)
            and (left := row.changes - found.changed.get(method, set()))
        ):
            return f"{url} no longer changes {sorted(left)}"
    return ""


def _shows_otherwise(world: World, doors: Doors, mutant: Mutant) -> bool:
    """Against the list of fields, and the forms that name foreign objects."""
    with mutant.apply():
        try:
            found, listed = seen(world, doors, urls=mutant.urls, actors=mutants.INSIDE), told()
        except AssertionError:
            return True
        wanted = {key: who & set(mutants.INSIDE) for key, who in listed.items() if key[0] in mutant.urls}
        if {key: who for key, who in found.items() if who} != {key: who for key, who in wanted.items() if who}:
            return True
        if any(strangers.full_when_empty(world, doors, url) for url in mutant.urls):
            return True
        if any(told_apart_by_programs(world, doors, url) for url in NAMED_BY_PROGRAMS if url in mutant.urls):
            return True
        return any(
            told_apart(world, doors, naming) for naming, (path, *_) in NAMING.items() if _leads(path, mutant.urls)
        )


def _leads(path: str, urls: Sequence[str]) -> bool:
    return any(
        row.path == path.partition("?")[0].replace("/p/shoes/", "/p/{slug}/")
        for row in oracle.rows()
        if row.url in urls
    )


class Tally:
    tried = 0
    killed = 0
    seconds = 0.0


@pytest.fixture(scope="module")
def tally() -> dict[str, Tally]:
    return {"tables and gate": Tally(), "filters": Tally()}


def _by(found: Sequence[Mutant], key: Callable[[Mutant], str]) -> dict[str, list[Mutant]]:
    groups: dict[str, list[Mutant]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


TABLES = [one for one in [*mutants.of_policy(), *mutants.of_roles()] if one.urls]
GATE = [*mutants.of_gates(), *mutants.of_programs(), *mutants.of_log()]
FILTERS = list(mutants.of_code())
OF_TABLES = _by([*drawn(TABLES, ONE_IN), *GATE], lambda one: one.urls[0] if one in TABLES else one.name)
OF_FILTERS = _by(drawn(FILTERS, ONE_IN), lambda one: one.name.rpartition(": ")[0].rpartition(".")[0])


@pytest.mark.parametrize("where", sorted(OF_TABLES))
def test_every_entry_of_the_tables_and_every_line_of_the_gate_is_needed(
    world: World, doors: Doors, tally: dict[str, Tally], where: str
) -> None:
    began = time.monotonic()
    alive = [one.name for one in OF_TABLES[where] if not notices(world, doors, one)]
    _count(tally["tables and gate"], OF_TABLES[where], alive, began)
    assert alive == []


@pytest.mark.parametrize("module", sorted(OF_FILTERS))
def test_every_filter_that_keeps_strangers_apart_is_needed(
    world: World, doors: Doors, tally: dict[str, Tally], module: str
) -> None:
    """Twice: each alone, and what no single answer showed, again after another project and a colleague came by."""
    began = time.monotonic()
    quiet = [one for one in OF_FILTERS[module] if not notices(world, doors, one)]
    quiet = [one for one in quiet if not _shows_otherwise(world, doors, one)]
    before = {one.name: _pages(world, doors, one) for one in quiet}
    for happens in (strangers.another_project, strangers.a_colleagues_rows):
        with undone():
            if quiet:
                happens(world)
            quiet = [one for one in quiet if _pages(world, doors, one) == before[one.name]]
    _count(tally["filters"], OF_FILTERS[module], [one.name for one in quiet], began)
    assert [one.name for one in quiet] == []


def _count(tally: Tally, tried: Sequence[Mutant], alive: Sequence[str], began: float) -> None:
    tally.tried += len(tried)
    tally.killed += len(tried) - len(alive)
    tally.seconds += time.monotonic() - began


def test_how_many_mutants_were_killed(tally: dict[str, Tally], figures: Callable[..., None]) -> None:
    for name, known in (("tables and gate", len(TABLES) + len(GATE)), ("filters", len(FILTERS))):
        told = tally[name]
        figures(
            f"permission mutants, {name}",
            of=known,
            tried=told.tried,
            killed=told.killed,
            seconds=round(told.seconds),
        )
        assert told.killed == told.tried


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
