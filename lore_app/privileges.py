"""What the app's role may do: read and write state, only add to the logs, own nothing. What must be
forgotten leaves a log through a door (database.doors).

Runs after each migration, as the owner: makes the role where it is absent and grants again from scratch, so that a new
table is never forgotten. Append-only tables are the models with `append_only = True`.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from database.connecting import APP_ROLE
from projects import deletion_door

LOADERS = "rules_loader"  # who else than the owner may load rule packs; nobody, outside tests


def append_only_tables() -> list[str]:
    return sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False))


def views() -> list[str]:
    """A view of one table takes rows for it, with the rights of its owner: without this it would be a door around a log."""
    return sorted(m._meta.db_table for m in apps.get_models() if not m._meta.managed)


def ensure_role(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
    if cursor.fetchone():
        _set_password(cursor)
        return
    try:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APP_ROLE)))
        _set_password(cursor)
    except Exception as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        raise CommandError(
            f"The owner may not create roles. Ask your database administrator for: CREATE ROLE {APP_ROLE} LOGIN; "
            f"GRANT {APP_ROLE} TO <owner>;"
        ) from error


def _set_password(cursor: CursorWrapper) -> None:
    """With LORE_APP_PASSWORD in the owner's environment, the role gets a login of its own."""
    if settings.APP_ROLE_PASSWORD:
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(APP_ROLE), sql.Literal(settings.APP_ROLE_PASSWORD)
            )
        )


def grant(cursor: CursorWrapper) -> None:
    role = sql.Identifier(APP_ROLE)
    cursor.execute("SELECT current_user, current_schema()")
    owner, schema = cursor.fetchone()
    if owner != APP_ROLE:
        # Up to PostgreSQL 15 a member may take the role; since 16 that is a right of its own.
        cursor.execute(
            "SELECT pg_has_role(current_user, %s, "
            "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)",
            [APP_ROLE],
        )
        if not cursor.fetchone()[0]:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(role, sql.Identifier(owner)))
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ):
        cursor.execute(sql.SQL(statement).format(schema=sql.Identifier(schema), role=role))
    for table in [*append_only_tables(), "django_migrations"]:
        cursor.execute(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), role))
    for table in [*views(), LOADERS]:
        cursor.execute("SELECT to_regclass(%s)", [table])
        if cursor.fetchone()[0] is None:  # Without this, migrating back to before a view was made would fail.
            continue
        cursor.execute(
            sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), role)
        )
    for (door,) in _doors(cursor):
        cursor.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(door), role))


def _doors(cursor: CursorWrapper) -> list[tuple[str]]:
    """Functions that run as their owner (database.doors): of this schema, as PostgreSQL writes their names."""
    cursor.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace "
        "AND proowner = current_user::regrole"
    )
    found: list[tuple[str]] = cursor.fetchall()
    return found


@receiver(post_migrate)
def grant_after_migration(sender: AppConfig, using: str, **_: Any) -> None:
    """Once per migrate: when the last of our apps has been migrated.

    In one transaction: whoever is using the product has the old rights until the new ones stand.
    """
    if sender.name != [name for name in settings.OUR_APPS if apps.get_app_config(name).models_module][-1]:
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('annotation_judgment')")
        if cursor.fetchone()[0] is None:
            return
        deletion_door.make(cursor)
        ensure_role(cursor)
        grant(cursor)
