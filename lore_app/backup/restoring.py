"""Restoring a backup into a database of its own, beside what was there; nothing that exists is overwritten.

With `replace` the database that is in use is put aside under another name, and comes back should the restore fail.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError, connection, transaction
from psycopg import sql

from database import versions
from database.connecting import connected_as
from lore_app.backup import clients, sums
from lore_app.backup.making import DUMP, MANIFEST, TAR, Manifest, Say


def restore(folder: Path, say: Say, *, replace: bool = False) -> dict[str, Any]:
    """Raises CommandError, naming what differs, where the restored rows or files are not those of the backup."""
    manifest = Manifest.read(folder / MANIFEST)
    _check_product(manifest)
    with (folder / DUMP).open("rb") as file:
        if not sums.holds(file, manifest.dump_sha256):
            raise CommandError(f"{folder / DUMP} is damaged: its SHA-256 is not the manifest's")
    with _database_of_its_own(replace=replace) as aside:
        with connected_as(settings.OWNER_DATABASE):
            say("restoring the database ...")
            _load(folder / DUMP)
            say("comparing every table ...")
            _compare(manifest)
        files = _files(folder / TAR, manifest, say)
        call_command(
            "migrate", verbosity=0
        )  # as the owner: rights of the app's role, and what is newer than the backup
    return {
        "tables": len(manifest.tables),
        "rows": sum(one.rows for one in manifest.tables.values()),
        "files": files,
        "made_at": manifest.made_at,
        "aside": aside,
    }


def _check_product(manifest: Manifest) -> None:
    what = f"the backup that {manifest.product} made at {manifest.made_at}"
    if reason := versions.why_not_ours(what, manifest.migrations):
        raise CommandError(reason)


def _load(dump: Path) -> None:
    """In one transaction: all of it, or nothing."""
    pg_restore = clients.client("pg_restore", at_least=clients.server_version())
    target = str(connection.get_connection_params()["dbname"])
    arguments = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", f"--dbname={target}"]
    clients.run(pg_restore, *arguments, str(dump))
    with connection.cursor() as cursor:
        # Without this PostgreSQL would take every table for empty, and plan for that, until it counts them by itself.
        cursor.execute("ANALYZE")


def _compare(manifest: Manifest) -> None:
    with transaction.atomic():
        found, behind = sums.table_sums(), sums.sequences_behind()
    told = manifest.tables
    wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
    if wrong or behind:
        raise CommandError(f"restored, but not the same: {', '.join([*wrong, *behind])}")


def _files(path: Path, manifest: Manifest, say: Say) -> int:
    """Files keep their names; one that is there already must say the same."""
    say("restoring the storage ...")
    missing = set(manifest.files)
    with tarfile.open(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if content is None or entry.name not in manifest.files:
                raise CommandError(f"{path}: {entry.name} is not in the manifest")
            if not default_storage.exists(entry.name):
                kept = default_storage.save(entry.name, File(content))
                if kept != entry.name:
                    raise CommandError(f"the storage calls {entry.name} {kept}")
            with default_storage.open(entry.name, "rb") as stored:
                if not sums.holds(stored, manifest.files[entry.name]):
                    raise CommandError(f"the storage holds another {entry.name}: put it aside and restore again")
            missing.discard(entry.name)
    if missing:
        raise CommandError(f"{path} lacks {len(missing)} files, such as {min(missing)}")
    return len(manifest.files)


@contextmanager
def _database_of_its_own(*, replace: bool) -> Iterator[str]:
    """The database named in the settings, empty. Yields the name under which an old one was put aside, or ""."""
    owner: dict[str, Any] = settings.OWNER_DATABASE
    if not _is_there(owner):
        _maintain(owner, "CREATE DATABASE {}", owner["NAME"])
        aside = ""
    elif _is_empty(owner):
        aside = ""
    elif not replace:
        raise CommandError("the database holds tables already: give --replace to put it aside under another name")
    else:
        aside = f"{owner['NAME']}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"
        _maintain(owner, "ALTER DATABASE {} RENAME TO {}", owner["NAME"], aside)
        _maintain(owner, "CREATE DATABASE {}", owner["NAME"])
    try:
        yield aside
    except BaseException:
        if aside:
            _maintain(owner, "DROP DATABASE {} WITH (FORCE)", owner["NAME"])
            _maintain(owner, "ALTER DATABASE {} RENAME TO {}", aside, owner["NAME"])
        raise


def _is_there(owner: dict[str, Any]) -> bool:
    with connected_as({**owner, "NAME": "postgres"}), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [owner["NAME"]])
        return cursor.fetchone() is not None


def _is_empty(owner: dict[str, Any]) -> bool:
    with connected_as(owner):
        return not sums.tables()


def _maintain(owner: dict[str, Any], statement: str, *names: str) -> None:
    """CREATE and RENAME want to be alone, and nobody connected."""
    with connected_as({**owner, "NAME": "postgres"}), connection.cursor() as cursor:
        try:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        except (OperationalError, ProgrammingError) as error:
            said = str(error).strip().splitlines()[0]
            raise CommandError(
                f"{said}. Stop every web and work process, or restore into an empty database."
            ) from error
