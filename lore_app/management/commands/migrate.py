"""migrate, as the owner: makes the embedded database where it is absent, then runs Django's own command."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection
from psycopg import sql

from lore_app.database import connected_as


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> Any:
        if settings.OWNER_DATABASE.get("EMBEDDED"):
            create_database()
        with connected_as(settings.OWNER_DATABASE):
            return super().execute(*args, **options)


def create_database() -> None:
    name = settings.OWNER_DATABASE["NAME"]
    with connected_as({**settings.OWNER_DATABASE, "NAME": "postgres"}), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
