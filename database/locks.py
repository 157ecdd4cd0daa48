"""Acts that only one process may do at a time, on whichever host: the database knows who is at it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


class Taken(Exception):
    """Another process is at the same act."""


@contextmanager
def alone(act: str, *, patience: float = 0, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """In the database that the default connection speaks to. Raises Taken after `patience` seconds.

    A connection of its own holds a transaction open: it ends with the process, however that ends, and goes through a
    pooler in transaction mode, where a lock of a session would stay with a stranger.
    """
    with closing(connection.copy()) as other:
        other.set_autocommit(False)
        _take(other, act, patience, waiting)
        yield
        other.rollback()


def keep_others_from(act: str) -> None:
    """Until the transaction ends nobody is `alone` at the act; waits for who is. Several may at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_key(act)])


def taken_until_the_end(act: str) -> bool:
    """Whether the act is ours alone until the transaction that is open ends; asked, never waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(act)])
        return bool(cursor.fetchone()[0])


def wait_at_most(milliseconds: int) -> None:
    """For any lock, until the transaction that is open ends; then LockNotAvailable is in the error's `__cause__`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])


def _take(other: BaseDatabaseWrapper, act: str, patience: float, waiting: Callable[[], None]) -> None:
    deadline, told = time.monotonic() + patience, False
    with other.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(act)])
            if cursor.fetchone()[0]:
                # Without this a server that ends idle transactions would give the lock to the next while we work. It also takes
                # the place of the answer before it, whose snapshot an index that is built concurrently would wait for.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                return
            other.rollback()  # for the same reason
            if time.monotonic() >= deadline:
                raise Taken(act)
            if not told:
                waiting()
                told = True
            time.sleep(0.2)


def _key(act: str) -> int:
    return int.from_bytes(hashlib.sha256(act.encode()).digest()[:8], signed=True)
