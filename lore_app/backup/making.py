"""Making a backup while the product is used: the database as of one moment, then every file that it may name.

Files are written before the rows that name them and never change, so a copy taken after the moment holds them all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from database import half_restored, locks
from lore_app.backup import clients, sums
from lore_app.backup.sums import Sum

DUMP, TAR, MANIFEST = "database.dump", "storage.tar", "manifest.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What the backup holds: sums of tables and files, and which product and server it came from."""

    product: str
    server: int
    made_at: str
    dump_sha256: str
    tables: dict[str, Sum]
    migrations: list[str]
    files: dict[str, str] = field(default_factory=dict)  # name in the storage -> SHA-256

    signature: str = ""  # by the secret key of the installation that made it

    def write(self, path: Path) -> None:
        signed = replace(self, signature=self._signed())
        path.write_text(json.dumps(asdict(signed), indent=1, sort_keys=True))

    @property
    def is_ours(self) -> bool:
        return constant_time_compare(self.signature, self._signed())

    def _signed(self) -> str:
        told = json.dumps({**asdict(self), "signature": ""}, sort_keys=True)
        return salted_hmac("lore_app.backup", told, algorithm="sha256").hexdigest()

    @classmethod
    def read(cls, path: Path) -> Manifest:
        try:
            told: dict[str, Any] = json.loads(path.read_text())
            return cls(**{**told, "tables": {name: Sum(*one) for name, one in told["tables"].items()}})
        except FileNotFoundError:
            raise CommandError(f"{path.parent} is no backup: it has no {path.name}") from None
        except (ValueError, TypeError, KeyError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error


def make(folder: Path, say: Say) -> Manifest:
    """Call it as the database's owner. The folder appears when all is in it; what was begun and failed is taken away.

    What a backup that was killed has left is taken away by the next one into that folder.
    """
    if reason := half_restored.why_not():
        raise CommandError(reason)
    try:
        # Without the lock two into one folder would each take away what the other has written.
        with locks.alone("backup"):
            return _make(folder, say)
    except locks.Taken:
        raise CommandError("another backup of this database is being made: let it end first") from None


def _make(folder: Path, say: Say) -> Manifest:
    if folder.exists():
        raise CommandError(f"{folder} is there already: a backup goes into a folder of its own")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True, mode=0o700)
        manifest = _database(partial, say)
        manifest.files.update(_storage(partial / TAR, say))
        manifest.write(partial / MANIFEST)
        partial.rename(folder)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise CommandError(f"the backup cannot be written: {error}") from error
        raise
    return manifest


def _database(folder: Path, say: Say) -> Manifest:
    """One snapshot for pg_dump and for the sums, so that they speak of the same rows."""
    server = clients.server_version()
    pg_dump = clients.client("pg_dump", at_least=server)
    with transaction.atomic(), connection.cursor() as cursor:
        # Without one snapshot for both, the sums would count rows that were written after the dump, and a restore would be told
        # to be wrong.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        say("dumping the database ...")
        dump = folder / DUMP
        clients.run(
            pg_dump, "--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges", f"--file={dump}"
        )
        say(f"{dump.stat().st_size >> 20} MiB; adding up the tables ...")
        tables = sums.table_sums()
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        migrations = [name for (name,) in cursor.fetchall()]
        with dump.open("rb") as file:
            digest = sums.sha256(file)
        return Manifest(
            product=settings.VERSION,
            server=server,
            made_at=timezone.now().isoformat(timespec="seconds"),
            dump_sha256=digest,
            tables=tables,
            migrations=migrations,
        )


def _storage(path: Path, say: Say) -> dict[str, str]:
    """All files into one tar, hashed as they pass. A file that is taken away meanwhile belonged to nothing."""
    say("copying the storage ...")
    digests: dict[str, str] = {}
    with tarfile.open(path, "w") as tar:
        for name in sums.files(default_storage):
            try:
                size = default_storage.size(name)
                file = default_storage.open(name, "rb")
            except FileNotFoundError:
                continue
            with file:
                entry = tarfile.TarInfo(name)
                entry.size = size
                hashed = _Hashed(file)
                tar.addfile(entry, hashed)
                digests[name] = hashed.digest.hexdigest()
            if len(digests) % 10_000 == 0:
                say(f"{len(digests)} files ...")
    return digests


class _Hashed:
    """A file that is hashed while somebody else reads it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(size)
        self.digest.update(data)
        return data
