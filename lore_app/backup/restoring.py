"""Restoring a backup into a database of its own, beside what was there; nothing that exists is overwritten.

The new one is filled and compared under another name, and takes its place at the end, in one step. With `replace` the
database that was in use then stands aside under another name. Ways in that had ended stay ended (sign_ins).
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError, connection, connections, transaction
from psycopg import sql

from database import half_restored, locks, versions
from database.connecting import connected_as
from lore_app.backup import clients, sign_ins, sums
from lore_app.backup.making import DUMP, MANIFEST, TAR, Manifest, Say

LEAVING_SECONDS = 3
STOP = "Stop every web and work process, or restore into an empty database."


FOREIGN = (
    "{} was not made by this installation, or not with this secret key, or was changed since. Restore only backups that you trust:"
    " they can run programs as the database's user. If you do, give --foreign"
)


def restore(
    folder: Path, say: Say, *, replace: bool = False, keep_sign_ins: bool = False, foreign: bool = False
) -> dict[str, Any]:
    """Raises CommandError, naming what differs, where the restored rows or files are not those of the backup. `foreign`: whoever
    restores trusts whoever made it, since a dump is a program."""
    manifest = Manifest.read(folder / MANIFEST)
    _check_product(manifest)
    if not (foreign or manifest.is_ours):
        raise CommandError(FOREIGN.format(folder))
    with (folder / DUMP).open("rb") as file:
        if not sums.holds(file, manifest.dump_sha256):
            raise CommandError(f"{folder / DUMP} is damaged: its SHA-256 is not the manifest's")
    with _alone(), _built_aside(replace=replace) as (name, aside):
        before = sign_ins.of_the_one_put_aside(aside and settings.OWNER_DATABASE["NAME"])
        with _as_the_database(name), half_restored.marked():
            say("restoring the database ...")
            _load(folder / DUMP)
            say("comparing every table ...")
            _compare(manifest)
            files = _files(folder / TAR, manifest, say)
            # As the owner: rights of the app's role, and what is newer than the backup.
            call_command("migrate", verbosity=0)
            ways_in = sign_ins.keep if keep_sign_ins else sign_ins.end
            told = ways_in(manifest.made_at, before)
    for line in sign_ins.in_words(told, manifest.made_at):
        say(line)
    return {
        "tables": len(manifest.tables),
        "rows": sum(one.rows for one in manifest.tables.values()),
        "files": files,
        "made_at": manifest.made_at,
        "aside": aside,
        **sign_ins.answer(told),
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
    try:
        return _unpacked(path, manifest)
    except tarfile.TarError as error:
        raise CommandError(f"{path} is damaged: {error}") from error
    except SuspiciousFileOperation:
        raise CommandError(f"{path} names a place outside of the storage: this is no backup of ours") from None


def _unpacked(path: Path, manifest: Manifest) -> int:
    missing = set(manifest.files)
    with tarfile.open(path) as tar:
        for entry in tar:
            if entry.name not in manifest.files:
                raise CommandError(f"{path}: {entry.name} is not in the manifest")
            content = tar.extractfile(entry) if entry.isfile() else None
            if content is None:
                raise CommandError(f"{path}: {entry.name} is no plain file: this is no backup of ours")
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
def _alone() -> Iterator[None]:
    """Two restores at once would fill, and give a name to, the same database."""
    try:
        with _maintained(), locks.alone(f"restore {settings.OWNER_DATABASE['NAME']}"):
            yield
    except locks.Taken:
        raise CommandError("another restore is at work: let it end first") from None


@contextmanager
def _built_aside(*, replace: bool) -> Iterator[tuple[str, str]]:
    """A new, empty database to fill, which takes the place of the one in the settings when all went well.

    Yields its name, and the name that an old one will have then, or "". Whatever interrupts this, the old one is in use
    still. What an interrupted restore left is dropped. An empty database of which the owner may make no other is filled
    where it is.
    """
    name: str = settings.OWNER_DATABASE["NAME"]
    building, there = f"{name}_restoring", _is_there()
    empty = there and _is_empty()
    if there and not empty and not replace:
        raise CommandError("the database holds tables already: give --replace to put it aside under another name")
    if empty and not _may_create():
        _clear()
        yield name, ""
        return
    if there:
        _nobody_is_connected()
    now = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"
    old = f"{name}_{'empty' if empty else 'before'}_{now}" if there else ""
    _maintain(("DROP DATABASE IF EXISTS {} WITH (FORCE)", building))
    _maintain(("CREATE DATABASE {}", building))
    try:
        yield building, "" if empty else old
        # In one transaction: without it a kill in between would leave no database under the name, and `migrate` make a new one.
        rename = "ALTER DATABASE {} RENAME TO {}"
        _maintain(*([(rename, name, old)] if old else []), (rename, building, name))
    except BaseException:
        _maintain(("DROP DATABASE IF EXISTS {} WITH (FORCE)", building))
        raise
    if empty:
        _maintain(("DROP DATABASE {}", old))


@contextmanager
def _as_the_database(name: str) -> Iterator[None]:
    """The owner's connection, and the settings that `migrate` reads, speak of this one."""
    owner = settings.OWNER_DATABASE
    settings.OWNER_DATABASE = {**owner, "NAME": name}
    try:
        with connected_as(settings.OWNER_DATABASE):
            yield
    finally:
        settings.OWNER_DATABASE = owner


@contextmanager
def _maintained() -> Iterator[None]:
    with connected_as({**settings.OWNER_DATABASE, "NAME": "postgres"}):
        yield


def _asked(question: str) -> bool:
    with _maintained(), connection.cursor() as cursor:
        cursor.execute(question, {"name": settings.OWNER_DATABASE["NAME"]})
        return cursor.fetchone() is not None


def _is_there() -> bool:
    return _asked("SELECT 1 FROM pg_database WHERE datname = %(name)s")


def _may_create() -> bool:
    return _asked("SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)")


def _nobody_is_connected() -> None:
    """Said now and not after an hour of work: a database in use cannot be renamed."""
    connections.close_all()
    for _ in range(LEAVING_SECONDS * 10):
        if not _asked("SELECT 1 FROM pg_stat_activity WHERE datname = %(name)s AND backend_type = 'client backend'"):
            return
        time.sleep(0.1)  # who has hung up this moment stands there a moment longer
    raise CommandError(f"the database {settings.OWNER_DATABASE['NAME']} is in use. {STOP}")


def _is_empty() -> bool:
    """No tables, or those that an interrupted restore has left."""
    with connected_as(settings.OWNER_DATABASE):
        return not sums.tables() or bool(half_restored.why_not())


def _clear() -> None:
    """Away with what an interrupted restore has left in a database that cannot be made anew."""
    with connected_as(settings.OWNER_DATABASE), connection.cursor() as cursor:
        if half_restored.why_not():
            cursor.execute("SELECT current_schema()")
            schema = sql.Identifier(cursor.fetchone()[0])
            cursor.execute(sql.SQL("DROP SCHEMA {0} CASCADE; CREATE SCHEMA {0}").format(schema))


def _maintain(*statements: tuple[str, ...]) -> None:
    """CREATE, DROP and RENAME want nobody connected; several are done together or not at all."""
    with _maintained():
        together = transaction.atomic() if len(statements) > 1 else nullcontext()
        try:
            with together, connection.cursor() as cursor:
                for statement, *names in statements:
                    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(f"{str(error).strip().splitlines()[0]}. {STOP}") from error
