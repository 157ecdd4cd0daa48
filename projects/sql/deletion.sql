-- Doors (database/doors.py) through which a project that is deleted leaves. Applied by migration 0008.

-- One step of projects.rows_of_project, at most so many rows. `step_of_deletion` says what each step is; it is made anew after
-- each migration from what the models say (projects/deletion_door.py), and within this door it runs as the owner.
CREATE FUNCTION delete_of_project(which bigint, step integer, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM projects_project p JOIN projects_deletion d ON d.project_id = p.id
                 WHERE p.id = which AND p.archived_at IS NOT NULL) THEN
    RAISE EXCEPTION 'project % is not one that is archived and to be deleted', which USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  gone := step_of_deletion(which, step, most);
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN gone;
END $$;

-- PostgreSQL asks of each row that goes whether another table points to it. Without an index there it reads that table, other
-- projects' rows included, for each: a million rows, a million times. One index a call, since nobody writes to its table
-- meanwhile; where the table is not to be had within four seconds it is tried again.
CREATE FUNCTION index_for_deletion() RETURNS text LANGUAGE plpgsql AS $$
DECLARE missing record;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM projects_deletion) THEN RETURN NULL; END IF;
  SELECT c.conrelid::regclass AS place, a.attname AS named INTO missing
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND NOT EXISTS (
      SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
    ORDER BY c.conname LIMIT 1;
  IF missing.named IS NULL THEN RETURN NULL; END IF;
  PERFORM set_config('lock_timeout', '4s', true);
  EXECUTE format('CREATE INDEX %I ON %s (%I)', 'deleting_' || md5(missing.place || '.' || missing.named), missing.place,
                 missing.named);
  RETURN missing.place || '.' || missing.named;
END $$;

CREATE FUNCTION end_of_deletion() RETURNS void LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  IF EXISTS (SELECT 1 FROM projects_deletion) THEN RETURN; END IF;
  PERFORM set_config('lock_timeout', '4s', true);
  FOR made IN SELECT indexrelid::regclass AS named FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid
              WHERE k.relname LIKE 'deleting\_%' AND k.relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('DROP INDEX %s', made.named);
  END LOOP;
END $$;
