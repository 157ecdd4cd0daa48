"""Refuses to serve from a database that may lose what it acknowledged, or as a role that could rewrite the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


@register(Tags.database)
def database_is_durable(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            for setting in DURABLE:
                cursor.execute("SELECT current_setting(%s)", [setting])
                if cursor.fetchone()[0] == "off":
                    problems.append(
                        Error(f"PostgreSQL runs with {setting}=off: judgments could be lost", id="lore.E001")
                    )
            cursor.execute("SELECT current_setting('server_version_num')::int")
            if cursor.fetchone()[0] < 150000:
                problems.append(Error("PostgreSQL 15 or newer is needed", id="lore.E002"))
    return problems
