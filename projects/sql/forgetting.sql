-- Doors (database/doors.py) of the audit log. Applied by migrations 0004 and 0010.

-- What an event older than `days` tells besides who did what to what, when: five thousand events a call, and how many that
-- were. Without the least number of days whoever took the app's role could clear what they have just done.
CREATE OR REPLACE FUNCTION end_audit_details(days integer) RETURNS bigint LANGUAGE plpgsql AS $$
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

-- The user name of a person who is locked out becomes the number that events name them by, in the places of an act where an
-- earlier version wrote one, and nowhere else. Without the list of places a person called "L4" would take every label along.
CREATE OR REPLACE FUNCTION forget_person_in_audit(person bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  known projects_person;
  number jsonb := to_jsonb('person ' || person);
  place text;
  changed bigint := 0;
  of_this bigint;
BEGIN
  SELECT * INTO known FROM projects_person WHERE id = person AND NOT is_active;
  IF known.id IS NULL THEN
    RAISE EXCEPTION 'only a person who is locked out is forgotten' USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  UPDATE projects_auditevent SET detail = detail || jsonb_build_object('username', number)
    WHERE act IN ('member.added', 'member.removed', 'person.created', 'person.deactivated', 'person.reactivated',
                  'rule_owner.appointed', 'rule_owner.dismissed')
      AND object_kind = 'person' AND object_id = person::text AND detail ? 'username';
  GET DIAGNOSTICS changed = ROW_COUNT;
  -- As text: the owner of today's events is a number, and a person may be called "12".
  UPDATE projects_auditevent SET detail = detail || jsonb_build_object('owner', number)
    WHERE act = 'rules.owner_set' AND detail -> 'owner' = to_jsonb(known.username);
  GET DIAGNOSTICS of_this = ROW_COUNT;
  changed := changed + of_this;
  -- Lists of user names; of roles, "ana (lead, shoes)".
  FOREACH place IN ARRAY ARRAY['still_deactivated', 'older_passwords', 'older_roles'] LOOP
    UPDATE projects_auditevent SET detail = detail || jsonb_build_object(place, (
      SELECT jsonb_agg(CASE
        WHEN value = to_jsonb(known.username) THEN number
        WHEN place = 'older_roles' AND starts_with(value #>> '{}', known.username || ' (')
          THEN to_jsonb('person ' || person || substr(value #>> '{}', length(known.username) + 1))
        ELSE value END ORDER BY ordinality)
      FROM jsonb_array_elements(detail -> place) WITH ORDINALITY))
    WHERE act = 'backup.restored' AND jsonb_typeof(detail -> place) = 'array' AND EXISTS (
      SELECT 1 FROM jsonb_array_elements(detail -> place) WHERE value = to_jsonb(known.username)
        OR place = 'older_roles' AND starts_with(value #>> '{}', known.username || ' ('));
    GET DIAGNOSTICS of_this = ROW_COUNT;
    changed := changed + of_this;
  END LOOP;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN changed;
END $$;
