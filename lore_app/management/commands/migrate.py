"""migrate, as the owner: makes the embedded database where it is absent, then runs Django's own command, patiently.

A change of a table waits behind whoever is using it, and everybody else would wait behind the change. So it gives up
after a few seconds, lets people go on, and tries again; what was migrated before stays migrated. Tables of another version
are refused before anything is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.checks.registry import registry
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import IntegrityError, OperationalError, ProgrammingError, connection
from psycopg import sql
from psycopg.errors import DuplicateDatabase, LockNotAvailable, UniqueViolation

from database import locks
from database.connecting import connected_as
from projects.commands import failure, refuse_other_versions
from projects.starting import RUNNING

LOCK_SECONDS = 4
PATIENCE_SECONDS = 600  # for another migrate
PAUSES = (1, 2, 4, 8, 15, 30)


class Command(migrate.Command):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Without what holds only for a product that runs: a new database has no tables yet, and the owner may do all."""
        asked: Any = super().get_check_kwargs(options)
        return {**asked, "tags": registry.tags_available() - {RUNNING}}

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return self._patiently(*args, **options)
        except CommandError as error:
            if self._called_from_command_line:  # type: ignore[attr-defined]  # unknown to django-stubs
                self.stdout.write(failure(error))
            raise

    def _patiently(self, *args: Any, **options: Any) -> Any:
        owner = settings.OWNER_DATABASE
        if owner.get("EMBEDDED"):
            create_database()
        with connected_as({**owner, "OPTIONS": _impatient(owner["OPTIONS"])}), self._alone():
            for pause in PAUSES:
                try:
                    refuse_other_versions()
                    return super().execute(*args, **options)
                except OperationalError as error:
                    if not isinstance(error.__cause__, LockNotAvailable):
                        raise
                    self.stderr.write(f"people are using a table that is to change: again in {pause} s")
                    time.sleep(pause)
        raise CommandError("a table that is to change is held all the time: try again in a quieter hour")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Without it two that run at once would both make the same tables, and the later end with a traceback."""

        def waiting() -> None:
            self.stderr.write("another migrate is at work: waiting for it")

        try:
            with locks.alone("migrate", patience=PATIENCE_SECONDS, waiting=waiting):
                yield
        except locks.Taken:
            raise CommandError("another migrate has been at work all the time: try again when it has ended") from None


def _impatient(options: dict[str, Any]) -> dict[str, Any]:
    """The owner's connection options, and that no lock is waited for longer than LOCK_SECONDS."""
    return {**options, "options": f"{options.get('options', '')} -c lock_timeout={LOCK_SECONDS}s".strip()}


def create_database() -> None:
    name = settings.OWNER_DATABASE["NAME"]
    with connected_as({**settings.OWNER_DATABASE, "NAME": "postgres"}), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            try:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except (ProgrammingError, IntegrityError) as error:  # another process has made it this moment
                if not isinstance(error.__cause__, DuplicateDatabase | UniqueViolation):
                    raise
