"""Backup, restore and migrate killed or begun twice: nothing half alive is served, and the second waits or says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management.base import CommandError
from django.db import connection

from database import half_restored, locks
from database.connecting import connected_as
from lore_app.backup import clients, restoring
from projects.models import Project
from tests.conftest import FreshDatabase, as_owner, drop, maintenance
from tests.processes import ROOT, manage, wait_until

pytestmark = pytest.mark.drill


def there(pattern: str) -> list[str]:
    with as_owner() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY 1", [pattern])
        return [name for (name,) in cursor.fetchall()]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@dataclass
class House:
    """A database that people work in, its owner's environment, and where backups lie."""

    name: str
    environment: dict[str, str]
    folder: Path

    def over(self, name: str) -> dict[str, str]:
        urls = {
            key: self.environment[key].replace(self.name, name) for key in ("DATABASE_URL", "LORE_OWNER_DATABASE_URL")
        }
        return {**self.environment, **urls}

    def ask(self, *arguments: str, over: str = "") -> subprocess.CompletedProcess[str]:
        environment = self.over(over) if over else self.environment
        command = manage(*arguments)
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)

    def begin(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(manage(*arguments), cwd=ROOT, env={**self.environment, **more}, **pipes)


@pytest.fixture
def house(fresh_database: FreshDatabase, settings: Any, tmp_path: Path) -> Iterator[House]:
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    Project.objects.create(slug="shoes", name="As it is now")
    with connected_as(maintenance()):
        params = connection.get_connection_params()
    user, host = params.get("user", "postgres"), params.get("host", "")
    owner = f"postgres://{quote(str(user))}:{quote(str(params.get('password', '')))}@/{fresh_database.name}?host={quote(str(host))}"
    environment = {**fresh_database.environment, "LORE_OWNER_DATABASE_URL": owner}
    yield House(fresh_database.name, environment, tmp_path / "safe")
    connection.close()
    for name in there(f"{fresh_database.name}\\_%"):
        drop(name)


def slow(house: House, name: str, *, after: bool) -> dict[str, str]:
    """PATH with a pg_dump or pg_restore that hangs for ten minutes, before or after it has done its work."""
    real = clients.client(name, at_least=server())
    folder = house.folder.parent / "bin"
    folder.mkdir(exist_ok=True)
    work = f'{real} "$@" || exit 1' if after else ":"
    told = house.folder.parent / "hanging"
    (folder / name).write_text(
        f'#!/bin/sh\ncase "$1" in --version) exec {real} --version;; esac\n{work}\necho $$ > {told}.new; mv {told}.new {told}\n'
        "exec sleep 600\n"
    )
    (folder / name).chmod(0o755)
    connection.close()
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def server() -> int:
    return clients.server_version()


def killed_while_hanging(house: House, running: subprocess.Popen[str]) -> int:
    """Kills the command outright, as the kernel does where memory is short; the number of its child."""
    told = house.folder.parent / "hanging"
    wait_until(lambda: told.exists() or running.poll() is not None, seconds=60, what="the hanging client")
    assert running.poll() is None, running.stdout and running.stdout.read()
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=30)
    return int(told.read_text())


def backed_up(house: House) -> None:
    done = house.ask("backup", str(house.folder))
    assert done.returncode == 0, done.stderr
    Project.objects.update(name="Written after the backup")


@pytest.mark.parametrize("after", [False, True], ids=["while it loads", "before it has compared"])
def test_a_restore_killed_outright_leaves_the_database_that_people_use(house: House, after: bool) -> None:
    backed_up(house)
    connection.close()
    hanging = slow(house, "pg_restore", after=after)
    child = killed_while_hanging(house, house.begin("restore", str(house.folder), "--replace", **hanging))
    wait_until(lambda: not alive(child), seconds=10, what="the end of pg_restore")
    assert there(f"{house.name}%") == [house.name, f"{house.name}_restoring"]
    assert Project.objects.get().name == "Written after the backup"
    connection.close()
    assert house.ask("check", "--database", "default").returncode == 0

    # Whoever serves, migrates or backs up what was being filled is told what it is.
    half = f"{house.name}_restoring"
    for command in (
        ["migrate"],
        ["backup", str(house.folder) + "-2"],
        ["up"],
        ["work"],
        ["load_rules", "rules/packs/starter.yaml"],
    ):
        refused = house.ask(*command, over=half)
        assert refused.returncode in {1, 3}, command
        assert "make restore FROM=" in refused.stderr + refused.stdout, command
        assert "Traceback" not in refused.stderr, command

    again = house.ask("restore", str(house.folder), "--replace")
    assert again.returncode == 0, again.stderr
    assert Project.objects.get().name == "As it is now"
    aside = json.loads(again.stdout.splitlines()[-1])["aside"]
    assert there(f"{house.name}%") == [house.name, aside]
    with as_owner(aside) as cursor:
        cursor.execute("SELECT name FROM projects_project")
        assert cursor.fetchone() == ("Written after the backup",)


def test_a_client_that_is_not_bound_to_its_command_goes_on_alone(house: House) -> None:
    """The control: started as before, without the bond, the client outlives a kill and fills what nobody compares."""
    backed_up(house)
    connection.close()
    hanging = slow(house, "pg_restore", after=False)
    naive = "import lore_app.backup.clients as c, manage; c.end_with_parent = lambda: None; manage.main()"
    command = [sys.executable, "-c", naive, "restore", str(house.folder), "--replace"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    running = subprocess.Popen(command, cwd=ROOT, env={**house.environment, **hanging}, **pipes)
    told = house.folder.parent / "hanging"
    wait_until(told.exists, seconds=60, what="the hanging client")
    os.kill(running.pid, signal.SIGKILL)
    running.stdout.close()  # type: ignore[union-attr]
    running.wait(30)
    child = int(told.read_text())
    try:
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_backup_killed_outright_ends_its_client_and_the_next_one_takes_its_place(house: House) -> None:
    hanging = slow(house, "pg_dump", after=False)
    child = killed_while_hanging(house, house.begin("backup", str(house.folder), **hanging))
    wait_until(lambda: not alive(child), seconds=10, what="the end of pg_dump")
    assert not house.folder.exists()
    refused = house.ask("restore", str(house.folder) + ".partial", "--replace")
    assert refused.returncode == 1 and "is no backup" in refused.stderr
    done = house.ask("backup", str(house.folder))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in house.folder.parent.glob("safe*")) == ["safe"]


def test_of_two_backups_into_one_folder_one_is_made_and_the_other_says_why_not(house: House) -> None:
    """Both failed before, each taking away what the other had written."""
    hanging = slow(house, "pg_dump", after=False)
    first = house.begin("backup", str(house.folder), **hanging)
    told = house.folder.parent / "hanging"
    wait_until(told.exists, seconds=60, what="the first backup")
    second = house.ask("backup", str(house.folder))
    assert second.returncode == 1
    assert json.loads(second.stdout.splitlines()[-1])["error"].startswith(
        "another backup of this database is being made"
    )
    assert house.folder.with_name("safe.partial").is_dir()
    first.terminate()
    first.communicate(timeout=30)


def test_of_two_restores_the_second_says_why_not(house: House) -> None:
    backed_up(house)
    connection.close()
    hanging = slow(house, "pg_restore", after=False)
    first = house.begin("restore", str(house.folder), "--replace", **hanging)
    wait_until((house.folder.parent / "hanging").exists, seconds=60, what="the first restore")
    second = house.ask("restore", str(house.folder), "--replace")
    assert second.returncode == 1 and "another restore is at work" in second.stderr
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=30)


def test_a_restore_over_a_database_in_use_says_so_before_it_begins(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(house)
    monkeypatch.setattr(restoring, "LEAVING_SECONDS", 1)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1")
    try:
        with pytest.raises(CommandError, match=r"is in use\. Stop every web and work process"):
            restoring.restore(house.folder, pytest.fail, replace=True, foreign=True)
    finally:
        other.close()
    assert there(f"{house.name}%") == [house.name]


def test_migrate_twice_at_once_on_a_new_folder_ends_well_twice(house: House) -> None:
    """One ended with a traceback before: DuplicateDatabase, or a table that exists already."""
    name = f"{house.name}_new"
    with as_owner() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    environment = house.over(name)
    command = manage("migrate", "--verbosity", "0")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    two = [subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) for _ in range(2)]
    said = [running.communicate(timeout=300) for running in two]
    assert [running.returncode for running in two] == [0, 0], said
    assert not any("Traceback" in err for _, err in said)


@pytest.fixture
def without_right_to_create(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that was given, empty, to an owner who may make no other."""
    monkeypatch.setattr(restoring, "_may_create", lambda: False)
    name = f"{house.name}_given"
    with as_owner() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    return name


def test_an_owner_who_may_make_no_database_restores_into_the_empty_one(
    house: House, without_right_to_create: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(house)
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": without_right_to_create}

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "_compare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        restoring.restore(house.folder, lambda _: None, foreign=True)
    with connected_as(settings.OWNER_DATABASE):
        assert half_restored.why_not() == half_restored.REASON
    monkeypatch.undo()
    monkeypatch.setattr(restoring, "_may_create", lambda: False)
    restoring.restore(house.folder, lambda _: None, foreign=True)
    with connected_as(settings.OWNER_DATABASE):
        assert half_restored.why_not() == ""
        assert Project.objects.get().name == "As it is now"
    assert there(f"{house.name}%") == [house.name, without_right_to_create]


def test_who_waits_for_a_lock_is_told_once_and_gets_it_when_it_is_free(house: House) -> None:
    told: list[str] = []
    with (
        locks.alone("act"),
        pytest.raises(locks.Taken),
        locks.alone("act", patience=0.5, waiting=lambda: told.append("waits")),
    ):
        pytest.fail("two at once")
    assert told == ["waits"]
    with locks.alone("act"), locks.alone("another act"):
        pass


def test_who_holds_a_lock_or_waits_for_it_holds_up_no_index_that_is_built_beside_people(house: House) -> None:
    """A snapshot kept open for as long as the lock made `migrate` wait for itself."""
    with locks.alone("act"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() "
            "AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
