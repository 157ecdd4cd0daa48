"""Where a text stands: every table of the database, whatever its columns."""

from __future__ import annotations

from database.statements import rows

TABLES = """SELECT oid::regclass::text FROM pg_class
            WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1"""


def tables_with(text: str) -> dict[str, int]:
    """Of each table that holds the text anywhere in a row, how many rows do; upper and lower case alike."""
    held = "SELECT count(*) FROM {} t WHERE strpos(lower(t::text), lower(%s)) > 0"
    found = {name: rows(held.format(name), text)[0][0] for (name,) in rows(TABLES)}
    return {name: count for name, count in found.items() if count}
