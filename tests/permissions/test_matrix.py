"""Every URL x method x actor x object x transport does what the oracle says, and nothing besides (reliability T35, T36).

The suite walks a part that covers every URL, method and actor; LORE_SIZE=full the whole product.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from projects.policy import POLICY, ROLES, SCOPES, Permission
from tests.drills.scale import FULL
from tests.permissions import bodies, matrix, oracle
from tests.permissions.doors import Doors
from tests.world.cast import World


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def test_the_oracle_names_every_url_and_nothing_else() -> None:
    names = sorted(str(pattern.name) for pattern in patterns(get_resolver()))
    assert names == sorted(oracle.by_url()), "a URL without rows in oracle.csv is not proven"
    assert names == sorted(POLICY), "a URL without a policy does not answer; an entry without a URL is dead"
    assert not oracle.check_words()


def test_the_oracle_knows_the_methods_and_has_a_form_for_what_writes() -> None:
    told = {url: {method for method in rows if method != "HEAD"} for url, rows in oracle.by_url().items()}
    assert told == {url: set(methods) for url, methods in POLICY.items()}
    assert {row.url for row in oracle.rows() if row.method == "POST"} == set(bodies.FORMS_OF)


def test_every_permission_is_held_by_a_role_or_by_programs_or_stands_outside_projects() -> None:
    outside = {Permission.ANYONE, Permission.SIGNED_IN, Permission.SYSTEM, Permission.KEEP_RULES}
    assert set(ROLES) == set(Permission) - outside - set(SCOPES)
    asked_inside = {Permission.SEE_NAMES}  # what a page shows, not whether it opens
    used = {permission for methods in POLICY.values() for permission in methods.values()}
    assert used == set(Permission) - asked_inside


def test_auditors_write_nothing() -> None:
    assert not [row for row in oracle.rows() if row.method == "POST" and "auditor" in row.who]


class Tally:
    requests = 0
    differences = 0
    seconds = 0.0


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


# The card that comes back has its grid already where this process read the pair before.
PERHAPS_THERE = {"judge-undo": {"catalogue_grid"}}


@pytest.mark.parametrize("url", sorted(oracle.by_url()))
def test_the_matrix(world: World, doors: Doors, tally: Tally, url: str) -> None:
    began = time.monotonic()
    found = matrix.walk(world, doors, url, full=FULL)
    tally.seconds += time.monotonic() - began
    tally.requests += found.requests
    tally.differences += len(found.differences)
    assert not found.differences, "\n".join(found.differences[:40])
    for method, row in oracle.by_url()[url].items():
        if method != "HEAD":
            maybe = PERHAPS_THERE.get(url, set())
            changed = found.changed.get(method, set())
            assert changed - maybe == row.changes - maybe, f"{method}: the oracle names other tables"


def test_the_size_of_the_matrix(tally: Tally, figures: Callable[..., None]) -> None:
    figures(
        "D15 permissions",
        whole=FULL,
        requests=tally.requests,
        differences=tally.differences,
        seconds=round(tally.seconds),
    )
    assert tally.differences == 0
