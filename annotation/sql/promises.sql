-- What the tables of this app promise beyond their constraints. Applied by migration 0002.

-- A list of a million pairs finds the few that people of the project have judged.
CREATE FUNCTION pair_is_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE catalogue_pair SET judged = true WHERE id = NEW.pair_id AND NOT judged;
  RETURN NULL;
END $$;
CREATE TRIGGER pair_is_judged AFTER INSERT ON annotation_judgment
  FOR EACH ROW WHEN (NEW.batch_id IS NULL) EXECUTE FUNCTION pair_is_judged();

CREATE FUNCTION nobody_adjudicates_their_own_disagreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM annotation_judgment j JOIN annotation_judge g ON g.id = j.judge_id
    WHERE j.pair_id = NEW.pair_id AND g.person_id = NEW.adjudicator_id
  ) THEN
    RAISE EXCEPTION 'nobody_adjudicates_their_own_disagreement: person % judged pair %', NEW.adjudicator_id, NEW.pair_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER nobody_adjudicates_their_own_disagreement BEFORE INSERT ON annotation_adjudication
  FOR EACH ROW EXECUTE FUNCTION nobody_adjudicates_their_own_disagreement();

CREATE FUNCTION frozen_hard_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'annotation_hardset' THEN
    IF OLD.frozen_at IS NOT NULL THEN
      RAISE EXCEPTION 'hard set % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NEW.frozen_at IS NOT NULL AND NEW.size <> (
      SELECT count(*) FROM annotation_hardsetmember WHERE hard_set_id = NEW.id) THEN
      RAISE EXCEPTION 'hard set % does not have % members', NEW.id, NEW.size USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (SELECT frozen_at FROM annotation_hardset WHERE id = NEW.hard_set_id) IS NOT NULL THEN
    RAISE EXCEPTION 'hard set % is frozen', NEW.hard_set_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen_hard_set BEFORE UPDATE OR DELETE ON annotation_hardset
  FOR EACH ROW EXECUTE FUNCTION frozen_hard_set();
CREATE TRIGGER frozen_hard_set_member BEFORE INSERT ON annotation_hardsetmember
  FOR EACH ROW EXECUTE FUNCTION frozen_hard_set();

CREATE FUNCTION sealed_export_matches_its_manifest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.state = 'done' THEN
    RAISE EXCEPTION 'sealed_export_matches_its_manifest: export % is sealed', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF NEW.state = 'done' AND NEW.rows <> (
    SELECT coalesce(sum((f->>'rows')::bigint), 0) FROM jsonb_array_elements(NEW.manifest->'files') f
    WHERE coalesce((f->>'counted')::boolean, true)) THEN
    RAISE EXCEPTION 'sealed_export_matches_its_manifest: export % does not have % rows', NEW.id, NEW.rows
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sealed_export_matches_its_manifest BEFORE INSERT OR UPDATE OR DELETE ON annotation_export
  FOR EACH ROW EXECUTE FUNCTION sealed_export_matches_its_manifest();
