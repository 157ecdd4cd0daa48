"""Every package that is installed is named with its version and the hashes of its files; pyproject.toml and the locks agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from requirements import locks
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("runtime", "dev")
ASKED = {
    "runtime": PROJECT["dependencies"],
    "dev": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}


def applies(requirement: Requirement, extras: frozenset[str] = frozenset({""})) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def asked_for(roots: list[str]) -> set[str]:
    """Everything that these need, each by what it says of itself where it is installed."""
    found: dict[str, frozenset[str]] = {}
    waiting = [Requirement(root) for root in roots]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        extras = found.get(name, frozenset()) | one.extras | {""}
        if found.get(name) == extras:
            continue
        found[name] = extras
        waiting += [needed for needed in needs(name) if applies(needed, extras)]
    return set(found)


def needs(name: str) -> Iterator[Requirement]:
    try:
        yield from map(Requirement, requires(name) or ())
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed: run make setup")


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_pinned_by_version_and_hash_and_by_no_address(lock: str) -> None:
    assert re.search(r"://|^-|^#|@ ", locks.text_of(lock), re.MULTILINE) is None
    assert len(locks.read(lock)) > 50


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_pyproject_asks_for_and_nothing_else(lock: str) -> None:
    """`make lock` writes it anew."""
    locked = locks.read(lock)
    for asked in map(Requirement, ASKED[lock]):
        assert asked.specifier.contains(Version(locked[canonicalize_name(asked.name)].version)), asked
    here = {name for name, one in locked.items() if one.is_installed({"extra": ""})}
    assert here == asked_for(ASKED[lock])


def test_developers_run_what_the_image_runs() -> None:
    """The same versions and files; on which platforms may differ, since more asks for them."""
    image, developers = ({name: (one.version, one.hashes) for name, one in locks.read(lock).items()} for lock in LOCKS)
    assert {name: developers.get(name) for name in image} == image


@pytest.mark.parametrize(("name", "lock"), [("Makefile", "dev"), ("Dockerfile", "runtime")])
def test_what_is_installed_is_what_is_locked(name: str, lock: str) -> None:
    """Nothing else, but for the project itself, what writes the locks, and what one optional part of the suite asks for."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    installing = [line for line in text.splitlines() if re.search(r"(pip|\$\(PIP\)) (--\S+ )*install\b", line)]
    may = re.compile(rf"--require-hashes -r requirements/{lock}\.lock|--no-deps|\[dev,local\]|torch==|uv>=|pip-audit>=")
    assert [line for line in installing if not may.search(line)] == []
    assert f"--require-hashes -r requirements/{lock}.lock" in installing[0 if name == "Makefile" else -1]
