-- What the tables of this app promise beyond their constraints. Applied by migration 0002.

-- A prediction can always be explained by the prompt it was asked with.
CREATE FUNCTION prompt_versions_are_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.name, NEW.templates, NEW.aliases, NEW.digest, NEW.note, NEW.created_at)
    IS NOT DISTINCT FROM (OLD.name, OLD.templates, OLD.aliases, OLD.digest, OLD.note, OLD.created_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'prompt_versions_are_frozen: version % stays as it was written', OLD.name
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER prompt_versions_are_frozen BEFORE UPDATE OR DELETE ON inference_promptversion
  FOR EACH ROW EXECUTE FUNCTION prompt_versions_are_frozen();

-- A list of a million pairs finds the few that are predicted.
CREATE FUNCTION pair_is_predicted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE catalogue_pair SET predicted = true WHERE id = NEW.pair_id AND NOT predicted;
  RETURN NULL;
END $$;
CREATE TRIGGER pair_is_predicted AFTER INSERT ON inference_prediction
  FOR EACH ROW WHEN (NEW.status = 'ok') EXECUTE FUNCTION pair_is_predicted();
