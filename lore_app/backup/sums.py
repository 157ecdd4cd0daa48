"""Sums that say whether two databases, or two storages, hold the same: order does not matter, a single sign does.

A table's sum adds up 60 bits of the SHA-256 of each row as text. It is the same on every server version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from django.core.files.storage import Storage
from django.db import connection
from psycopg import sql

READ_BYTES = 1 << 20
# Without these the same row would read otherwise on a server that writes times or numbers in another way.
SAME_LOOK = """
SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'
"""
SUM = """
SELECT count(*),
  coalesce(sum(('x' || substr(encode(sha256(convert_to(t::text, 'UTF8')), 'hex'), 1, 15))::bit(60)::bigint), 0)
FROM {} AS t
"""
OWNED = """
SELECT s.relname, t.relname, a.attname FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.deptype IN ('a', 'i') AND t.relnamespace = current_schema()::regnamespace ORDER BY 1
"""


class Sum(NamedTuple):
    rows: int
    sum: str  # a number with more digits than a float has


def tables() -> list[str]:
    """Every table of the schema in use, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
        return [name for (name,) in cursor.fetchall()]


def table_sums() -> dict[str, Sum]:
    """Of all tables as this transaction sees them. Call it inside one."""
    found: dict[str, Sum] = {}
    with connection.cursor() as cursor:
        cursor.execute(SAME_LOOK)
        for table in tables():
            cursor.execute(sql.SQL(SUM).format(sql.Identifier(table)))
            rows, total = cursor.fetchone()
            found[table] = Sum(rows, str(total))
    return found


def sequences_behind() -> list[str]:
    """Sequences that would give out a number again which their table holds already."""
    with connection.cursor() as cursor:
        cursor.execute(OWNED)
        owned = cursor.fetchall()
        behind = []
        for sequence, table, column in owned:
            parts = [sql.Identifier(name) for name in (column, table, sequence)]
            cursor.execute(sql.SQL("SELECT (SELECT max({}) FROM {}) > last_value FROM {}").format(*parts))
            if cursor.fetchone()[0]:
                behind.append(sequence)
        return behind


def files(storage: Storage, folder: str = "") -> Iterator[str]:
    """The names of all files, folder by folder."""
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:  # a storage that has never been written to
        return
    for name in sorted(names):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        yield from files(storage, f"{folder}/{name}" if folder else name)


def holds(file: IO[bytes], told: str) -> bool:
    """Is the file what the manifest tells?"""
    found = sha256(file)
    return found == told


def sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(READ_BYTES):
        digest.update(piece)
    return digest.hexdigest()
