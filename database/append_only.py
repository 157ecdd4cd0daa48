"""SQL for tables that only grow. Used by migrations; the models say `append_only = True`.

Privileges keep the app's role out; the triggers also stop the owner's slips, cascades and TRUNCATE.
"""

from __future__ import annotations

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only(*tables: str) -> str:
    """Two triggers a table: one for UPDATE and DELETE of rows, one for TRUNCATE."""
    return "".join(
        f"""
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
        for table in tables
    )
