"""What was said before of an item, a pair or by a rater, and whether an import says anything new.

Where one file says two things of one thing, the later row stands. That both were said by the same import is remembered
by its rows, so that importing the file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Saying:
    """A snapshot, gold row or rating that exists: what it says and the import that brought it."""

    said: str
    batch_id: int | None
    revision: int = 0
    row_id: int = 0


@dataclass
class Sayings:
    """All that was said of one thing, oldest first."""

    rows: list[Saying] = field(default_factory=list)
    current: Saying | None = None

    def is_news(self, said: str) -> bool:
        """Not what stands now, nor what the import that brought it said as well."""
        now = self.current
        return now is None or (
            now.said != said and not any(row.said == said and row.batch_id == now.batch_id for row in self.rows)
        )

    def add(self, saying: Saying) -> None:
        self.rows.append(saying)
        self.current = saying


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
