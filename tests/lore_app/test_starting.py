"""What a process refuses to start with, and that it says so in one line instead of a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection

from database.connecting import connected_as
from lore_app import durable_folders
from tests.conftest import ROOT, FreshDatabase
from tests.processes import manage

GOOD_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
PRODUCTION = {"LORE_HTTPS": "1", "LORE_SECRET_KEY": GOOD_KEY, "LORE_ALLOWED_HOSTS": "lore.example"}
WSGI = [sys.executable, "-c", "import lore_app.wsgi"]
BAD = {
    "a short key": ({"LORE_SECRET_KEY": "short"}, "LORE_SECRET_KEY must have at least 32"),
    "a key of one letter": ({"LORE_SECRET_KEY": "a" * 64}, "ten of them different"),
    "no key in production": ({**PRODUCTION, "LORE_SECRET_KEY": ""}, "LORE_SECRET_KEY is missing"),
    "a short key in production": ({**PRODUCTION, "LORE_SECRET_KEY": GOOD_KEY[:40]}, "at least 50 characters"),
    "the demo in production": ({**PRODUCTION, "LORE_DEMO": "1"}, "LORE_DEMO=1 lets anybody in"),
    "debug pages in production": ({**PRODUCTION, "LORE_DEBUG": "1"}, "LORE_DEBUG=1 shows source"),
    "any host in production": ({**PRODUCTION, "LORE_ALLOWED_HOSTS": "*"}, "must name the hosts"),
    "a storage that does not last": ({**PRODUCTION, "LORE_STORAGE_DIR": "/tmp/gone"}, "/tmp/gone) does not last"),
    "a number that is none": ({"LORE_WORKER_THREADS": "many"}, "LORE_WORKER_THREADS must be a whole number"),
    "a URL that is none": ({"DATABASE_URL": "sqlite://x"}, "DATABASE_URL must look like"),
}


def started(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_the_code_of_every_page_is_read_before_the_first_visitor_comes(fresh_database: FreshDatabase) -> None:
    command = [sys.executable, "-c", "import sys, lore_app.wsgi; print('annotation.judging.views' in sys.modules)"]
    assert started(command, fresh_database.environment).stdout.split() == ["True"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_configuration_ends_the_web_process_with_one_clear_line(name: str, fresh_database: FreshDatabase) -> None:
    settings, said = BAD[name]
    ended = started(WSGI, {**fresh_database.environment, **settings})
    assert ended.returncode == 3
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_worker_refuses_alike(fresh_database: FreshDatabase) -> None:
    ended = started(manage("work"), {**fresh_database.environment, **PRODUCTION, "LORE_DEMO": "1"})
    assert ended.returncode == 3
    assert "LORE_DEMO=1 lets anybody in" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_database_is_told_and_an_absent_server_is_waited_for(fresh_database: FreshDatabase) -> None:
    url = fresh_database.environment["DATABASE_URL"]
    wrong = started(WSGI, {**fresh_database.environment, "DATABASE_URL": url.replace(fresh_database.name, "nowhere")})
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (3, False)
    assert 'database "nowhere" does not exist' in wrong.stderr
    away = started(WSGI, {**fresh_database.environment, "DATABASE_URL": "postgres://lore_app@127.0.0.1:9/lore"})
    assert away.returncode == 0
    assert "does not answer yet" in away.stderr


def test_good_settings_start(fresh_database: FreshDatabase) -> None:
    assert started(WSGI, fresh_database.environment).returncode == 0


def test_the_owner_of_the_tables_may_not_serve(fresh_database: FreshDatabase, settings: Any) -> None:
    with connected_as({**settings.OWNER_DATABASE, "NAME": fresh_database.name}):
        found = run_checks(tags=["running"], databases=["default"])
    assert [problem.id for problem in found] == ["lore.E004"]
    assert run_checks(tags=["running"], databases=["default"]) == []


def test_a_database_without_tables_asks_for_migrate(fresh_database: FreshDatabase) -> None:
    with connected_as({**connection.settings_dict, "NAME": "postgres"}):
        found = run_checks(tags=["running"], databases=["default"])
    assert [problem.id for problem in found] == ["lore.E003"]


def test_the_deployment_checklist_has_nothing_to_say_in_production(fresh_database: FreshDatabase) -> None:
    """The folders of a test are temporary, which production refuses: so its files lie elsewhere."""
    elsewhere = {"LORE_STORAGE_BACKEND": "tests.lore_app.storage_elsewhere.StorageElsewhere"}
    environment = {**fresh_database.environment, **PRODUCTION, **elsewhere}
    ended = started(manage("check", "--deploy", "--fail-level", "WARNING"), environment)
    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout


@pytest.mark.parametrize(
    ("mounts", "reason"),
    [
        ("disk / ext4 rw 0 0\n", ""),
        ("overlay / overlay rw 0 0\n", "container's own layer"),
        ("overlay / overlay rw 0 0\ndisk /srv/data ext4 rw 0 0\n", ""),
        ("disk / ext4 rw 0 0\nmemory /srv tmpfs rw 0 0\n", "in memory"),
    ],
)
def test_a_folder_lasts_if_its_own_mount_does(
    mounts: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounts").write_text(mounts)
    monkeypatch.setattr(durable_folders, "MOUNTS", tmp_path / "mounts")
    assert reason in durable_folders.why_not_lasting(Path("/srv/data/lore"))
    assert bool(durable_folders.why_not_lasting(Path("/srv/data/lore"))) is bool(reason)


@pytest.mark.parametrize("folder", ["/tmp/lore", "/var/tmp/lore", "/dev/shm/x", "/run/lore"])
def test_a_temporary_folder_does_not_last(folder: str) -> None:
    assert durable_folders.why_not_lasting(Path(folder)) == "it is a temporary folder"
