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

LOCKS = ("runtime", "dev")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
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


@pytest.mark.parametrize(("lock", "least"), [("build", 2), ("runtime", 50), ("dev", 100)])
def test_each_package_is_pinned_by_version_and_hash_and_by_no_address(lock: str, least: int) -> None:
    assert re.search(r"://|^-|^#|@ ", locks.text_of(lock), re.MULTILINE) is None
    assert len(locks.read(lock)) >= least


def test_what_builds_is_locked_too() -> None:
    locked = locks.read("build")
    assert set(locked) == {"pip", "setuptools"}
    for asked in map(Requirement, PYPROJECT["build-system"]["requires"]):
        assert asked.specifier.contains(Version(locked[canonicalize_name(asked.name)].version))


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
    text = (ROOT / name).read_text().replace("\\\n", " ").replace("&&", "\n")
    installing = [line.strip() for line in text.splitlines() if re.search(r"(pip|\$\(PIP\)) (--\S+ )*install\b", line)]
    building, locked = (f"--require-hashes -r requirements/{one}.lock" for one in ("build", lock))
    first, second, *others = installing
    assert first.endswith(building)
    assert second.endswith(f"--no-build-isolation {locked}")  # else what has no wheel is built by whatever is newest
    may = re.compile(r"--no-build-isolation --no-deps -e \.$|\[dev,local\]|torch==|uv>=|pip-audit>=")
    assert [line for line in others if not may.search(line)] == []
