"""Backup and restore: what comes back is what was there, and whatever is not is named."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import CommandError
from django.db import connection, transaction

from annotation.models import Judgment
from catalogue.models import Pair
from database.connecting import connected_as
from lore_app.backup import making, restoring, sums
from lore_app.backup.making import Manifest
from projects.models import AuditEvent, Person, Project
from tests.conftest import FreshDatabase, as_owner, drop
from tests.world.rows import make_judgment, make_pair

NAMES = [f"Mug {number} \U0001f375 \u202e" for number in range(20)]


def quiet(_: str) -> None:
    pass


@pytest.fixture
def workplace(fresh_database: FreshDatabase, settings: Any) -> Project:
    """Twenty judged pairs and three files, in a database whose owner the commands know."""
    settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": fresh_database.name}
    project = Project.objects.create(slug="mugs", name="Mugs")
    ana = Person.objects.create_person("ana")
    for name in NAMES:
        make_judgment(pair=make_pair(project=project, query=name), by=ana)
    for name in ("images/aa/1.webp", "images/bb/2.webp", "exports/1/labels.csv"):
        default_storage.save(name, ContentFile(name.encode() * 1000))
    return project


@pytest.fixture
def elsewhere(workplace: Project, settings: Any, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Call it to move to another host: a database that is not there yet, and an empty storage."""
    name = f"{settings.OWNER_DATABASE['NAME']}_restored"
    here = connection.settings_dict["NAME"]

    def move() -> None:
        settings.OWNER_DATABASE = {**settings.OWNER_DATABASE, "NAME": name}
        connection.close()
        connection.settings_dict["NAME"] = name
        location = str(tmp_path / "elsewhere")
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {**settings.STORAGES["default"], "OPTIONS": {"location": location}},
        }

    yield move
    connection.close()
    connection.settings_dict["NAME"] = here
    drop(name)


def backup(folder: Path) -> Manifest:
    from django.conf import settings

    with connected_as(settings.OWNER_DATABASE):
        return making.make(folder, quiet)


def contents() -> dict[str, sums.Sum]:
    with transaction.atomic():
        return sums.table_sums()


@pytest.mark.usefixtures("workplace")
def test_a_restore_elsewhere_holds_every_row_and_file(
    elsewhere: Callable[[], None], tmp_path: Path, figures: Any
) -> None:
    before, texts = contents(), sorted(Pair.objects.values_list("query__text", flat=True))
    made = backup(tmp_path / "safe")
    elsewhere()
    told = restoring.restore(tmp_path / "safe", quiet, keep_sign_ins=True)
    assert sorted(Pair.objects.values_list("query__text", flat=True)) == texts == sorted(NAMES)
    after = contents()
    assert AuditEvent.objects.get().act == "backup.restored"  # all that is new
    assert {**after, "projects_auditevent": before["projects_auditevent"]} == before
    with default_storage.open("images/bb/2.webp") as file:
        assert file.read() == b"images/bb/2.webp" * 1000
    assert (told["files"], told["aside"]) == (3, "")
    figures("backup and restore", tables=len(made.tables), rows=told["rows"], files=told["files"], differences=0)


@pytest.mark.usefixtures("workplace")
def test_the_restored_database_gives_out_no_number_twice_and_refuses_changes(
    elsewhere: Callable[[], None], tmp_path: Path
) -> None:
    newest = Judgment.objects.latest("pk").pk
    backup(tmp_path / "safe")
    elsewhere()
    restoring.restore(tmp_path / "safe", quiet)
    project = Project.objects.get()
    again = make_judgment(pair=make_pair(project=project, query="after"), by=Person.objects.get(username="ana"))
    assert again.pk > newest
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_judgment SET label = 'L1'")


def test_what_is_judged_while_the_backup_is_made_is_in_it_whole_or_not_at_all(
    workplace: Project, elsewhere: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are written between dump and sums belong to neither: both look at one snapshot."""
    run = making.clients.run

    def run_and_write(*arguments: Any) -> None:
        run(*arguments)
        other = connection.copy()  # as a web process has one
        with closing(other), other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO catalogue_query (project_id, text, locale, is_benchmark) VALUES (%s, %s, '', false)",
                [workplace.pk, "meanwhile"],
            )

    monkeypatch.setattr(making.clients, "run", run_and_write)
    backup(tmp_path / "safe")
    monkeypatch.undo()
    assert workplace.queries.filter(text="meanwhile").exists()
    elsewhere()
    restoring.restore(tmp_path / "safe", quiet)
    assert not Project.objects.get().queries.filter(text="meanwhile").exists()


@pytest.mark.usefixtures("workplace")
def test_a_database_that_holds_tables_is_put_aside_only_when_asked(tmp_path: Path) -> None:
    backup(tmp_path / "safe")
    Pair.objects.create(
        **dict(Pair.objects.values("project_id", "query_id", "batch_id")[0]),
        item=make_pair(project=Project.objects.get(), query="newer").item,
    )
    newer = Pair.objects.count()
    with pytest.raises(CommandError, match="--replace"):
        restoring.restore(tmp_path / "safe", quiet)
    assert Pair.objects.count() == newer
    aside = restoring.restore(tmp_path / "safe", quiet, replace=True)["aside"]
    try:
        assert Pair.objects.count() == len(NAMES)
        with as_owner(aside) as cursor:
            cursor.execute("SELECT count(*) FROM catalogue_pair")
            assert cursor.fetchone() == (newer,)
    finally:
        drop(aside)


def forge_sum(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    told["tables"]["annotation_judgment"][1] = "1"
    (folder / "manifest.json").write_text(json.dumps(told))


def lose_a_file(folder: Path) -> None:
    with tarfile.open(folder / "storage.tar") as tar:
        tar.extractall(folder / "files", filter="data")
    shutil.rmtree(folder / "files/images/aa")
    with tarfile.open(folder / "storage.tar", "w") as tar:
        tar.add(folder / "files/images", "images")
        tar.add(folder / "files/exports", "exports")


def change_a_sign(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def come_from_the_future(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**told, "migrations": ["annotation.9999_telepathy"]}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (forge_sum, "not the same: annotation_judgment"),
        (lambda folder: change_a_sign(folder / "database.dump"), "database.dump is damaged"),
        (lose_a_file, "lacks 1 files, such as images/aa/1.webp|is not in the manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "is no backup"),
        (come_from_the_future, "newer version .* lacks annotation.9999_telepathy"),
    ],
)
@pytest.mark.usefixtures("workplace")
def test_a_spoilt_backup_is_named_and_the_old_database_comes_back(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    backup(tmp_path / "safe")
    spoil(tmp_path / "safe")
    shutil.rmtree(Path(default_storage.path("images")))
    before = contents()
    with pytest.raises(CommandError, match=said):
        restoring.restore(tmp_path / "safe", quiet, replace=True, foreign=True)  # past its signature
    assert contents() == before


def change_the_key(_folder: Path, settings: Any) -> None:
    settings.SECRET_KEY = "another-secret-key-of-another-installation-0123456789"


def take_the_signature(folder: Path, _settings: Any) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    del told["signature"]  # as a backup of before there were any
    (folder / "manifest.json").write_text(json.dumps(told))


def exchange_the_dump(folder: Path, _settings: Any) -> None:
    change_a_sign(folder / "database.dump")
    with (folder / "database.dump").open("rb") as file:
        told = {**json.loads((folder / "manifest.json").read_text()), "dump_sha256": sums.sha256(file)}
    (folder / "manifest.json").write_text(json.dumps(told))


@pytest.mark.parametrize("make_foreign", [change_the_key, take_the_signature, exchange_the_dump])
@pytest.mark.usefixtures("workplace")
def test_a_foreign_backup_is_refused_before_anything_of_it_runs(
    make_foreign: Callable[[Path, Any], None], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in a dump runs while it is loaded, as the database's user."""
    backup(tmp_path / "safe")
    make_foreign(tmp_path / "safe", settings)
    monkeypatch.setattr(restoring, "_load", lambda _dump: pytest.fail("it was loaded"))
    with pytest.raises(CommandError, match=r"Restore only backups that you trust: they can run programs.*--foreign"):
        restoring.restore(tmp_path / "safe", quiet, replace=True)


def a_place_outside(folder: Path, name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)


def a_link(folder: Path, name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return entry


@pytest.mark.parametrize(
    ("made", "name", "said"),
    [
        (a_place_outside, "../../evil", "names a place outside of the storage"),
        (a_place_outside, "/tmp/evil", "names a place outside of the storage"),
        (a_link, "images/link", "images/link is no plain file"),
    ],
)
def test_a_tar_that_leads_out_of_the_storage_is_refused_in_a_sentence(
    made: Callable[[Path, str], tarfile.TarInfo], name: str, said: str, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "storage.tar", "w") as tar:
        tar.addfile(made(tmp_path, name))
    manifest = Manifest("0.1.0", 15, "2026-11-30", "", {}, [], files={name: sha256(b"").hexdigest()})
    with pytest.raises(CommandError, match=said):
        restoring._files(tmp_path / "storage.tar", manifest, quiet)


def test_a_tar_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "storage.tar").write_bytes(b"no tar")
    with pytest.raises(CommandError, match=r"storage\.tar is damaged"):
        restoring._files(tmp_path / "storage.tar", Manifest("0.1.0", 15, "", "", {}, []), quiet)


@pytest.mark.usefixtures("workplace")
def test_a_backup_that_fails_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(CommandError, match="No space left"):
        backup(tmp_path / "safe")
    assert list(tmp_path.glob("safe*")) == []


@pytest.mark.usefixtures("workplace")
def test_no_backup_is_written_over_another(tmp_path: Path) -> None:
    backup(tmp_path / "safe")
    with pytest.raises(CommandError, match="is there already"):
        backup(tmp_path / "safe")


def test_a_sum_sees_a_single_sign_and_no_order(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE a AS SELECT n, 'row ' || n AS text FROM generate_series(1, 100) n")
        found = []
        for table in ("a", "(SELECT * FROM a ORDER BY n DESC)", "(SELECT n, replace(text, '77', '78') FROM a)"):
            cursor.execute(sums.SUM.replace("{}", table))
            found.append(cursor.fetchone())
    assert found[0] == found[1]
    assert found[0][0] == found[2][0]
    assert found[0][1] != found[2][1]
