"""The database or backup of another version: refused in one sentence, and nothing touched."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from PIL import Image as Picture
from psycopg import sql

from database import versions
from database.connecting import connected_as
from lore_app.backup import clients, restoring
from lore_app.backup.making import Manifest
from tests.conftest import ROOT, FreshDatabase, as_owner, drop, environment_of, url_of
from tests.lore_app.test_backup import backup, quiet
from tests.processes import manage

TABLES = (Path(__file__).parent / "earlier_version.sql").read_text()
SENTENCE = (
    "the database is of an earlier version of LORE Copilot, whose tables cannot be migrated, and nothing was changed: go on "
    'with the version that made it, or export what it holds and import that (docs/operations.md, "Carrying over")'
)


@dataclass(frozen=True)
class Earlier:
    """A database of the earlier version and the folder of its files, here and for processes."""

    name: str
    environment: dict[str, str]
    data: Path

    scratch: Path

    def state(self) -> tuple[str, list[Any], dict[str, bytes]]:
        """All there is: tables, rows and rights as pg_dump writes them, the server's databases and roles, every file."""
        with as_owner(self.name) as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY 1", [f"{self.name}%"])
            databases = cursor.fetchall()
            cursor.execute(
                "SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname LIKE 'lore%%' ORDER BY 1"
            )
            roles = cursor.fetchall()
            dump = self.dump()
        files = {str(path.relative_to(self.data)): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}
        return dump, [databases, roles], files

    def dump(self) -> str:
        clients.run(clients.client("pg_dump", at_least=clients.server_version()), f"--file={self.scratch}")
        said = self.scratch.read_text()
        return re.sub(r"^\\(un)?restrict .*$", "", said, flags=re.MULTILINE)  # a word drawn anew for each dump


@pytest.fixture
def earlier(fresh_database: FreshDatabase, settings: Any, tmp_path: Path) -> Iterator[Earlier]:
    """Such a database beside a migrated one; the settings name it. Two files lie in its storage."""
    name = f"lore_earlier_{uuid.uuid4().hex[:12]}"
    data = tmp_path / "earlier"
    with as_owner() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with as_owner(name) as cursor:
        cursor.execute(TABLES)
    for path in ("storage/images/ab/abcd.webp", "secret_key"):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_bytes(picture())
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": name}
    connection.close()
    connection.settings_dict["NAME"] = name
    with connected_as(settings.OWNER_DATABASE):
        owner = url_of(name)
    yield Earlier(name, {**environment_of(name, data), "LORE_OWNER_DATABASE_URL": owner}, data, tmp_path / "dump.sql")
    connection.close()
    connection.settings_dict["NAME"] = fresh_database.name
    drop(name)


def picture() -> bytes:
    """A red one, as the storage keeps them."""
    into = BytesIO()
    Picture.new("RGB", (40, 30), "red").save(into, "WEBP")
    return into.getvalue()


def ended(command: list[str], earlier: Earlier, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**earlier.environment, **more}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_migrate_refuses_the_tables_of_an_earlier_version_and_touches_nothing(earlier: Earlier) -> None:
    before = earlier.state()
    refused = ended(manage("migrate", "--verbosity", "0"), earlier, LORE_APP_PASSWORD="would be set on the role")
    assert refused.returncode == 1
    assert json.loads(refused.stdout.splitlines()[-1]) == {"error": SENTENCE}
    assert refused.stderr.splitlines() == [f"CommandError: {SENTENCE}"]
    assert earlier.state() == before


@pytest.mark.parametrize(
    "command", [[sys.executable, "-c", "import lore_app.wsgi"], manage("work")], ids=["web", "work"]
)
def test_who_serves_or_works_says_the_same_and_does_not_start(command: list[str], earlier: Earlier) -> None:
    before = earlier.state()
    refused = ended(command, earlier)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.splitlines() == [f"LORE Copilot does not start: {SENTENCE} (lore.E005)"]
    assert earlier.state() == before


def test_a_command_that_would_write_into_them_refuses(
    earlier: Earlier, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables of some apps have kept their names: without this, a person or a rule went into the old ones."""
    before = earlier.state()
    for command in (["create_admin", "eve"], ["load_rules", "rules/packs/starter.yaml"]):
        with pytest.raises(SystemExit, match="1"):
            call_command(*command)
        assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"error": SENTENCE}
    settings.DEMO = True
    with pytest.raises(CommandError, match=re.escape(SENTENCE)):
        call_command("load_demo")
    assert earlier.state() == before


def test_the_tables_of_a_newer_version_are_refused_by_name(fresh_database: FreshDatabase, settings: Any) -> None:
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    with as_owner(fresh_database.name) as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('annotation', '9999_telepathy', now())"
        )
    with pytest.raises(CommandError, match=r"newer version .* lacks annotation.9999_telepathy.*nothing was changed"):
        call_command("migrate", verbosity=0)
    assert [problem.id for problem in run_checks(tags=["running"], databases=["default"])] == ["lore.E005"]


def test_a_database_of_this_version_has_nothing_foreign(fresh_database: FreshDatabase) -> None:
    assert fresh_database.name
    assert "annotation.0001_initial" in versions.applied()
    assert versions.why_not_ours("the database", versions.applied()) == ""


def made_by_the_earlier(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    migrations = ["annotation.0001_initial", "annotation.0002_invariants"]
    (folder / "manifest.json").write_text(json.dumps({**told, "product": "0.0.9", "migrations": migrations}))


@pytest.mark.parametrize("replace", [False, True])
def test_a_backup_of_an_earlier_version_is_refused_before_anything_is_made_or_put_aside(
    replace: bool, earlier: Earlier, tmp_path: Path
) -> None:
    """Over a database of that very version, which is what a person would try."""
    folder = tmp_path / "safe"
    backup(folder)
    made_by_the_earlier(folder)
    before, files = earlier.state(), {path: path.read_bytes() for path in folder.iterdir()}
    made_at = Manifest.read(folder / "manifest.json").made_at
    said = f"the backup that 0.0.9 made at {made_at} is of an earlier version"
    with pytest.raises(CommandError, match=f"^{re.escape(said)}.*Carrying over"):
        restoring.restore(folder, quiet, replace=replace)
    assert earlier.state() == before
    assert {path: path.read_bytes() for path in folder.iterdir()} == files
