"""Before a column is held to a shape by a CHECK: what stands in it already and has another one, told in words.

A migration that begins with `refuse_others` changes nothing where such a row is: `migrate` ends with a sentence that lists the
rows and what to do. It renames nothing by itself, since people cite these codes.
"""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps

SHOWN = 20


def refuse_others(app: str, model: str, column: str, pattern: str) -> RunPython:
    """`pattern` is PostgreSQL's, as in the CHECK."""

    def look(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        rows = apps.get_model(app, model)._default_manager.exclude(**{f"{column}__regex": pattern})
        if others := list(rows.order_by("pk").values_list("pk", column)[:SHOWN]):
            table = f"{app}_{model.lower()}"
            listed = ", ".join(f"{pk}: {value!r}" for pk, value in others)
            raise CommandError(
                f"{table}.{column} must match {pattern}, which these rows (id: value) do not: {listed}. Nothing was changed. "
                f"Give each a code that nobody has, as the database's owner (UPDATE {table} SET {column} = '...' WHERE id = ...), "
                "and migrate again; what people wrote about the old code keeps naming the old one."
            )

    return RunPython(look, RunPython.noop)
