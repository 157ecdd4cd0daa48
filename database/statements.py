"""How SQL of our own is asked: a statement, its rows, ids and lines by the thousand.

A statement longer than ten lines lies beside its module as a `.sql` file, read once, when the module is imported. The file
opens with what it asks and the parameters with their types; tests/database/test_statement_files.py has PostgreSQL plan each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction


def statement(module: str, name: str) -> str:
    """What `name`.sql beside a module (its `__file__`) asks, without its comments: in them a percent sign would be a
    parameter to the driver."""
    lines = Path(module).with_name(f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))


@contextmanager
def planned_for_its_values() -> Iterator[None]:
    """Statements within are planned anew for the values they are sent with. Without it, one whose parameters switch
    conditions on and off soon takes a plan in which all of them are on. The setting is the transaction's."""
    with transaction.atomic():
        run("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        yield


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
