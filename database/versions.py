"""Whose tables these are: which migrations were applied to them that this product does not know.

Django runs what is missing and never asks what is too much: over the tables of another version it fails half-way, or grants
rights over tables that it does not know. So whoever writes asks here first.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

# In every database from before each stage had tables of its own, and in none since: migrations were written anew then.
EARLIER = "annotation.0002_invariants"


def applied(alias: str = DEFAULT_DB_ALIAS) -> set[str]:
    """What was applied to a database, as app.name; nothing where it has no tables yet."""
    return {f"{app}.{name}" for app, name in MigrationRecorder(connections[alias]).applied_migrations()}


def unknown(migrations: Collection[str]) -> list[str]:
    """Those that this product does not have."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return sorted(set(migrations) - known)


def why_not_ours(what: str, migrations: Collection[str]) -> str:
    """Where `what`, to which these were applied, is of another version: one sentence with the way out. Else nothing."""
    foreign = unknown(migrations)
    if EARLIER in foreign:
        return (
            f"{what} is of an earlier version of LORE Copilot, whose tables cannot be migrated, and nothing was changed: go "
            'on with the version that made it, or export what it holds and import that (docs/operations.md, "Carrying over")'
        )
    if foreign:
        return (
            f"{what} is of a newer version of LORE Copilot (this one lacks {foreign[0]}), and nothing was changed: go on with "
            "the version that made it"
        )
    return ""
