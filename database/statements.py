"""How SQL of our own is asked: a statement, its rows, ids and lines by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def run(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def rows(statement: str, *params: Any, **named: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement whose parameters stand by place (`%s`) or by name (`%(name)s`)."""
    with connection.cursor() as cursor:
        cursor.execute(statement, named or params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def fresh_ids(table: str, count: int) -> list[int]:
    """Ids for rows to come, so that what points to them can be written without asking for them back."""
    if not count:
        return []
    # Without them a chunk would have to read back each row that it has written before it can write what points to it.
    return [
        row[0] for row in rows("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", f"{table}_id_seq", count)
    ]


def copy(table: str, columns: str, lines: Iterable[Sequence[Any]]) -> None:
    """COPY, for tables whose rows an import makes by the thousand. `created_at` should be among the columns where the
    table has it: a default that the server must call for each row takes COPY its speed."""
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copying:
        for line in lines:
            copying.write_row(line)


def clock() -> str:
    """The database's time, as it writes it."""
    return str(rows("SELECT clock_timestamp()::text")[0][0])


def array_of(ids: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array of them; made one by one by the driver they take longer than the query."""
    return "{" + ",".join(map(str, ids)) + "}"


def lexeme(word: str) -> str:
    """A lexeme as PostgreSQL reads it in a tsvector or tsquery."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
