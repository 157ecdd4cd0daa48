"""What each step of a project's deletion is, as a function of the database: made anew after each migration from what the models
say, so that a new table is never forgotten. The door that calls it stands in sql/deletion.sql.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from projects.rows_of_project import Step, belonging, steps

_FUNCTION = """
CREATE OR REPLACE FUNCTION step_of_deletion(which bigint, step integer, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
  CASE step {cases} END CASE;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$"""


def make(cursor: CursorWrapper) -> None:
    """As the owner. $1 is the project, $3 the most rows."""
    told = [_statement(step) for step in steps()]
    told.append("DELETE FROM projects_deletion WHERE project_id = $1; DELETE FROM projects_project WHERE id = $1")
    cases = "\n".join(f"WHEN {place} THEN {statement};" for place, statement in enumerate(told))
    cursor.execute(_FUNCTION.format(cases=cases))


def _statement(step: Step) -> str:
    table, some = step.model._meta.db_table, belonging(step.model, "$1")
    if not step.lets_go:
        return f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT t0.ctid {some} LIMIT $3))"
    pointing = f"SELECT t0.ctid {some} AND t0.{step.lets_go} IS NOT NULL LIMIT $3"
    return f"UPDATE {table} SET {step.lets_go} = NULL WHERE ctid = ANY(ARRAY({pointing}))"
