"""Where a text stands: every table of the database, whatever its columns, as the owner reads it."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from database.connecting import connected_as
from database.statements import rows


def tables_with(text: str) -> dict[str, int]:
    """Of each table that holds the text anywhere in a row, how many rows do; upper and lower case alike."""
    with connected_as({**settings.OWNER_DATABASE, "NAME": connection.settings_dict["NAME"]}):
        names = rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        held = {
            name: rows(f"SELECT count(*) FROM {name} t WHERE strpos(lower(t::text), lower(%s)) > 0", text)
            for (name,) in names
        }
    return {name: found for name, ((found,),) in held.items() if found}
