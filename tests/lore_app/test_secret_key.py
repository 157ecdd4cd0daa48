"""The secret key that a process makes for itself: one for all, whole or not there, and never a weak one."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from lore_app import environment
from tests.conftest import ROOT

RACES = 300
# Reads a number, makes or reads the key of that race, says it. The naive one is what stood here before: touch, then write.
RACER = """
import secrets, sys
from pathlib import Path
from lore_app import environment

def naive(name, keep_in):
    if not keep_in.exists():
        keep_in.parent.mkdir(parents=True, exist_ok=True)
        keep_in.touch(mode=0o600)
        keep_in.write_text(secrets.token_urlsafe(48))
    return keep_in.read_text().strip()

make = naive if sys.argv[2] == "naive" else environment.secret
for line in sys.stdin:
    print(make("LORE_ABSENT", Path(sys.argv[1], line.strip(), "secret_key")), flush=True)
"""


def is_lost(pair: tuple[str, str]) -> bool:
    return pair[0] != pair[1] or len(pair[0]) != 64


def races(folder: Path, how: str, at_most: int = RACES, *, until_lost: bool = False) -> list[tuple[str, str]]:
    """What two processes that ask in the same moment hold afterwards, race by race."""
    kept = {name: value for name, value in os.environ.items() if name != "LORE_ABSENT"}
    command = [sys.executable, "-c", RACER, str(folder), how]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1, "cwd": ROOT, "env": kept}
    two = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    held: list[tuple[str, str]] = []
    for number in range(at_most):
        for process in two:
            process.stdin.write(f"{number}\n")
        one, other = (process.stdout.readline().strip() for process in two)
        held.append((one, other))
        if until_lost and is_lost(held[-1]):
            break
    for process in two:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
    return held


def test_of_two_first_processes_one_makes_the_key_and_both_hold_it(tmp_path: Path) -> None:
    held = races(tmp_path, "ours")
    assert list(filter(is_lost, held)) == []
    assert len({key for key, _ in held}) == RACES
    assert [path.name for path in tmp_path.glob("*/*") if path.name != "secret_key"] == []


def test_a_key_written_in_its_place_is_read_half_made_in_such_races(tmp_path: Path) -> None:
    """The control: without the link two processes hold two keys, or one an empty one."""
    assert is_lost(races(tmp_path, "naive", 20 * RACES, until_lost=True)[-1])


@pytest.mark.parametrize("kept", ["", "x", "a" * 64, "short-but-0123456789"])
def test_a_kept_key_that_is_none_is_refused_with_the_way_out(tmp_path: Path, kept: str) -> None:
    (tmp_path / "secret_key").write_text(kept)
    with pytest.raises(ImproperlyConfigured, match=r"secret_key \(remove it to have another made.*at least 32"):
        environment.secret("LORE_ABSENT", tmp_path / "secret_key")


def test_a_full_disk_leaves_no_key_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ImproperlyConfigured, match="No space left on device; set LORE_SECRET_KEY"):
        environment.secret("LORE_ABSENT", tmp_path / "var" / "secret_key")
    assert list((tmp_path / "var").iterdir()) == []
    monkeypatch.undo()
    assert len(environment.secret("LORE_ABSENT", tmp_path / "var" / "secret_key")) == 64


def test_the_folder_that_is_made_for_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    environment.secret("LORE_ABSENT", tmp_path / "var" / "secret_key")
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
