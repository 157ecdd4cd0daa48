-- A door (database/doors.py) of the audit log. Applied by migration 0013.

-- One more refusal of this person in this project (of none: null) is counted in the row that the hour has for it, made when there
-- is none; `gate` names the URL and the method. True where it was made. It changes no other row, and of its own the count, the
-- gates and the last time alone. Whoever calls has the person's turn: without it two of one moment would each make a row.
CREATE OR REPLACE FUNCTION count_refusal(person bigint, of_project bigint, gate text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
  counted projects_auditevent;
BEGIN
  SELECT * INTO counted FROM projects_auditevent
    WHERE actor_id = person AND act = 'request.refused' AND object_kind = '' AND at > now_ - interval '1 hour'
      AND project_id IS NOT DISTINCT FROM of_project AND detail ? 'times'
    ORDER BY at DESC LIMIT 1 FOR UPDATE;
  IF counted.id IS NULL THEN
    INSERT INTO projects_auditevent (actor_id, project_id, act, object_kind, object_id, at, detail)
      VALUES (person, of_project, 'request.refused', '', '', now_, jsonb_build_object(
        'times', 1, 'first', to_char(now_ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
        'last', to_char(now_ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), 'gates', jsonb_build_object(left(gate, 60), 1)));
    RETURN true;
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  UPDATE projects_auditevent SET detail = detail || jsonb_build_object(
      'times', (detail ->> 'times')::int + 1, 'last', to_char(now_ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
      'gates', (detail -> 'gates') || jsonb_build_object(left(gate, 60), coalesce((detail #>> ARRAY['gates', left(gate, 60)])::int, 0) + 1))
    WHERE id = counted.id;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN false;
END $$;
