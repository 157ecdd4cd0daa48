"""A worker's process and the one that stands by it: real processes, which end in every way that a process can."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from catalogue.models import Import
from jobs import leasing
from jobs.models import JobState
from projects.models import Project
from tests.conftest import ROOT, FreshDatabase
from tests.processes import kill, wait_until
from tests.world.rows import make_import

pytestmark = pytest.mark.processes

STOOD_BY = """
import json, os, sys, time
sys.path.insert(0, {root!r})
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
import django
django.setup()
from catalogue.models import Import
from jobs import leasing, supervising
from jobs.in_hand import watch
parent = os.getpid()
supervising.stand_by()
leasing.claim(Import, {pk})
print(json.dumps([parent, os.getpid(), str(watch.life)]), flush=True)
{then}
"""
SLEEP = "time.sleep(60)"


@pytest.fixture
def job(fresh_database: FreshDatabase, django_db_blocker: Any) -> Iterator[Import]:
    with django_db_blocker.unblock():
        yield make_import(project=Project.objects.create(slug="shoes", name="Shoes"))


@contextmanager
def stood_by(job: Import, fresh_database: FreshDatabase, folder: Path, then: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(
        [sys.executable, "-c", STOOD_BY.format(root=str(ROOT), pk=job.pk, then=then)],
        env=fresh_database.environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        kill(running)
        assert running.stdout is not None
        running.stdout.close()


def said(running: subprocess.Popen[bytes]) -> tuple[int, int, str]:
    """The numbers of parent and child, and the child's life."""
    assert running.stdout is not None
    parent, child, life = json.loads(running.stdout.readline())
    return parent, child, life


def state_of(job: Import) -> tuple[str, str]:
    now = Import.objects.get(pk=job.pk)
    return now.state, now.error


@pytest.mark.parametrize(
    ("then", "code", "error"),
    [
        ("os._exit(9)", 9, "process_ended: exit code 9"),
        ("os.abort()", 128 + signal.SIGABRT, "process_ended: signal SIGABRT"),
        ("os.kill(os.getpid(), 11)", 128 + signal.SIGSEGV, "process_ended: signal SIGSEGV"),
        ("raise RuntimeError('gone')", 1, "process_ended: exit code 1"),
    ],
)
def test_a_row_in_hand_has_had_a_try_when_its_process_comes_to_an_end_of_its_own(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path, then: str, code: int, error: str
) -> None:
    with stood_by(job, fresh_database, tmp_path, then) as running:
        assert running.wait(30) == code
    assert state_of(job) == (JobState.FAILED, error)
    assert leasing.claim(Import, job.pk) is not None


def test_nothing_is_said_of_a_row_whose_process_is_killed_from_outside(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    with stood_by(job, fresh_database, tmp_path, SLEEP) as running:
        os.kill(said(running)[1], signal.SIGKILL)
        assert running.wait(30) == 128 + signal.SIGKILL
    assert state_of(job) == (JobState.RUNNING, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_is_passed_on_and_the_answer_back(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path, number: int
) -> None:
    then = "import signal; [signal.signal(n, lambda *_: sys.exit(0)) for n in (15, 2)]; print(flush=True); " + SLEEP
    with stood_by(job, fresh_database, tmp_path, then) as running:
        said(running)
        assert running.stdout is not None and running.stdout.readline() == b"\n"
        os.kill(running.pid, number)
        assert running.wait(30) == 0
    assert state_of(job) == (JobState.RUNNING, "")


def test_a_process_that_begins_anew_has_another_life_under_the_same_parent(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    then = "os._exit(supervising.EXIT_ANEW) if not os.path.exists('once') and not open('once', 'w').close() else 0"
    with stood_by(job, fresh_database, tmp_path, then) as running:
        first, second = said(running), said(running)
        assert running.wait(30) == 0
    assert first[0] == second[0] == running.pid
    assert first[1] != second[1] and first[2] != second[2]
    assert state_of(job) == (JobState.RUNNING, "process_ended: it began anew")  # taken again, by the second


def test_a_request_to_end_is_kept_while_a_child_asks_for_another(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """The child does not listen and begins anew a moment after its parent was asked: nobody follows."""
    then = "import signal; signal.signal(15, signal.SIG_IGN); os.kill(parent, 15); time.sleep(0.5); os._exit(75)"
    with stood_by(job, fresh_database, tmp_path, then) as running:
        said(running)
        assert running.wait(30) == 75
        assert running.stdout is not None and running.stdout.read() == b""


def test_nobody_works_on_when_the_one_that_stands_by_is_killed(
    job: Import, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    with stood_by(job, fresh_database, tmp_path, SLEEP) as running:
        child = said(running)[1]
        os.kill(running.pid, signal.SIGKILL)
        wait_until(lambda: not lives(child), what="the end of the child")
    assert state_of(job) == (JobState.RUNNING, "")


def lives(number: int) -> bool:
    """A process that nobody has asked about yet is dead all the same."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
