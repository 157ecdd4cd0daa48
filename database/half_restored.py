"""The mark on a database that a restore is filling, until every row has been compared: nobody serves, migrates or backs it up.

A schema of its own, since tables would stand in the sums. It outlives the process that made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg import sql

MARK = "lore_half_restored"
REASON = (
    "a restore into this database was interrupted before its rows were compared, so nobody may rely on it: "
    "run the restore again (make restore FROM=..., or manage.py restore FOLDER --replace)"
)
_ours = False


@contextmanager
def marked() -> Iterator[None]:
    """Around the filling of the database of the default connection. The mark goes when all of it went well."""
    global _ours
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(MARK)))
    _ours = True
    try:
        yield
    finally:
        _ours = False
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(MARK)))


def why_not(alias: str = DEFAULT_DB_ALIAS) -> str:
    """REASON where the mark stands and this process is not the one that fills it, else nothing."""
    if _ours:
        return ""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [MARK])
        return REASON if cursor.fetchone()[0] else ""
