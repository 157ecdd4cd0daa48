"""The database or backup of another version: refused in one sentence, nothing touched, and what it holds carried over."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from PIL import Image as Picture
from psycopg import sql

from annotation.models import Gold, Judgment
from catalogue.models import Item, Pair, Query
from database import versions
from database.connecting import connected_as
from inference.models import KnowledgeCard
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


def test_what_an_earlier_version_holds_is_carried_over(
    earlier: Earlier, fresh_database: FreshDatabase, carry: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    before = earlier.state()
    told = carry("export_earlier", tmp_path / "carried")
    assert earlier.state() == before
    mugs, empty = told["projects"]
    assert {key: mugs[key] for key in ("pairs", "gold", "ratings", "items_without_pairs", "knowledge")} == {
        "pairs": 3,
        "gold": 1,
        "ratings": 5,  # ana, ben and the rater ben of p1, ana of the blue mug, ada in ana's place of the benchmark query
        "items_without_pairs": 1,
        "knowledge": 1,
    }
    assert empty["files"] == []

    connection.close()
    connection.settings_dict["NAME"] = fresh_database.name
    pictures = earlier.data / "storage/images"
    counts = [
        carry("import_pairs", tmp_path / "carried" / name, project="mugs", create=True, images=pictures)
        for name in mugs["files"]
        if "/pairs-" in name
    ]
    assert [one["new"] for one in counts] == [1, 2]  # a file for each origin: the other shop's, then the shop's
    assert (sum(one["gold"] for one in counts), sum(one["ratings"] for one in counts)) == (1, 5)
    assert carry("import_items", tmp_path / "carried/mugs/items-1.jsonl", project="mugs")["new"] == 1
    assert carry("import_knowledge", tmp_path / "carried/mugs/knowledge-1.jsonl", project="mugs")["new"] == 1
    as_carried()


def as_carried() -> None:
    pair = Pair.objects.get(external_id="p1")
    shown = pair.item.current_snapshot
    assert shown is not None
    assert (pair.query.text, pair.query.locale, pair.item.external_id) == ("red mug", "en", "m1")
    assert (shown.title, shown.category) == ('Red "mug" \\ 红', "Kitchen > Mugs")
    assert shown.cpv == [["colour", "red"], ["colour", "white"]]
    assert shown.skus == [{"code": "m1-s", "name": "small", "attributes": [["size", "S"]]}]
    assert (shown.shop, shown.description, shown.price) == ("Mugs & Co", "Two\nlines", "7.50")
    assert shown.selling_points == ["keeps warm", "dishwasher"]
    assert (len(shown.images), shown.image_addresses) == (1, ["https://pictures.example/1.jpg"])
    assert (shown.batch.source, shown.batch.licence) == ("shop", "CC0-1.0")
    assert Item.objects.get(external_id="m2").current_snapshot.batch.attribution == "thanks"  # type: ignore[union-attr]
    gold = Gold.objects.get()
    assert (gold.pair, gold.label, gold.mismatch, gold.ground) == (pair, "L2", "colour", "import")
    said = Judgment.objects.order_by("pair__query__text", "pair__item__external_id", "judge__rater")
    assert list(said.values_list("judge__rater", "label")) == [
        ("ada", "L4"), ("ana", "L2"), ("ben", "L3"), ("ben (member)", "L4"), ("ana", "L3"),
    ]  # fmt: skip
    assert list(Query.objects.filter(is_benchmark=True).values_list("text", flat=True)) == ["café 杯"]
    card = KnowledgeCard.objects.get()
    assert (card.key, card.item_ids, card.clicks) == ("red mug", ["m1", "m2"], 12)


@pytest.fixture
def carry() -> Callable[..., dict[str, Any]]:
    """A command and its answer."""

    def run(name: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        said = StringIO()
        call_command(name, *arguments, **options, stdout=said, stderr=StringIO())
        answer: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])
        return answer

    return run


def test_only_an_earlier_version_is_carried_over(
    fresh_database: FreshDatabase, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    with pytest.raises(SystemExit, match="1"):
        call_command("export_earlier", tmp_path / "carried")
    assert "nothing to carry over" in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert not (tmp_path / "carried").exists()
