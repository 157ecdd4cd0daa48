-- Doors (database/doors.py) of the audit log. Applied by migration 0004.

-- What an event older than `days` tells besides who did what to what, when: five thousand events a call, and how many that
-- were. Without the least number of days whoever took the app's role could clear what they have just done.
CREATE FUNCTION end_audit_details(days integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE ended bigint;
BEGIN
  IF days < 30 THEN
    RAISE EXCEPTION 'details of the audit log are kept for 30 days at least' USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  UPDATE projects_auditevent SET detail = '{}' WHERE id IN (
    SELECT id FROM projects_auditevent
    WHERE detail <> '{}' AND at < clock_timestamp() - make_interval(days => days) ORDER BY at LIMIT 5000);
  GET DIAGNOSTICS ended = ROW_COUNT;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN ended;
END $$;

-- The names of a person who is locked out, wherever they stand as a whole value in the details of events, become the number
-- that events name them by. Without the comparison of whole values a person called "L4" would take every label along.
CREATE FUNCTION forget_person_in_audit(person bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known projects_person;
  called text;
  changed bigint := 0;
  of_this bigint;
BEGIN
  SELECT * INTO known FROM projects_person WHERE id = person AND NOT is_active;
  IF known.id IS NULL THEN
    RAISE EXCEPTION 'only a person who is locked out is forgotten' USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  FOREACH called IN ARRAY ARRAY[known.username, known.name] LOOP
    CONTINUE WHEN called = '';
    UPDATE projects_auditevent e SET detail = (
      SELECT jsonb_object_agg(key, CASE WHEN value = to_jsonb(called) THEN to_jsonb('person ' || person) ELSE value END)
      FROM jsonb_each(e.detail))
    WHERE EXISTS (SELECT 1 FROM jsonb_each(e.detail) WHERE value = to_jsonb(called));
    GET DIAGNOSTICS of_this = ROW_COUNT;
    changed := changed + of_this;
  END LOOP;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN changed;
END $$;
