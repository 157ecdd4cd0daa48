"""Doors in tables that only grow: functions of the owner through which what must be forgotten leaves them.

The app's role may call a door and nothing else of it: it changes rows, chosen by the door, in the way that the door writes.
A door says `PERFORM set_config('lore.forgetting', 'on', true)` before it changes rows and `'off'` after; triggers that refuse a
change ask `is_forgetting()`, which the setting alone does not make true: whoever changes rows must be the owner as well, as only
within a door. The owner's slips are refused as before, since nobody types the setting by mistake.
"""

from __future__ import annotations

# What the triggers ask, and the trigger of append-only tables as it is since there are doors.
FUNCTIONS = """
CREATE FUNCTION is_forgetting() RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT coalesce(current_setting('lore.forgetting', true), '') = 'on' AND current_user <> 'lore_app' $$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND is_forgetting() THEN RETURN NEW; END IF;
  IF TG_OP = 'DELETE' AND is_forgetting() THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


def door(signature: str) -> str:
    """Makes a function a door: it runs as its owner, and the app's role may call it (lore_app.privileges).

    Without the path a caller's temporary table of the same name, with a trigger of theirs, would be written as the owner.
    """
    return f"""
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION {signature} SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
  REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
END $$;
"""
