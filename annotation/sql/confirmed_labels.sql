-- What a file's values mean as labels is said before one of them is kept: catalogue_import.mapping tells by whose word.

CREATE FUNCTION labels_came_by_a_confirmed_mapping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM catalogue_import WHERE id = NEW.batch_id AND confirmed AND coalesce(mapping->>'labels_by', '') <> ''
  ) THEN
    RAISE EXCEPTION 'labels_came_by_a_confirmed_mapping: nobody has said what the labels of import % mean', NEW.batch_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gold_came_by_a_confirmed_mapping BEFORE INSERT ON annotation_gold
  FOR EACH ROW WHEN (NEW.batch_id IS NOT NULL AND NEW.label <> '') EXECUTE FUNCTION labels_came_by_a_confirmed_mapping();
CREATE TRIGGER rating_came_by_a_confirmed_mapping BEFORE INSERT ON annotation_judgment
  FOR EACH ROW WHEN (NEW.batch_id IS NOT NULL AND NEW.label <> '') EXECUTE FUNCTION labels_came_by_a_confirmed_mapping();
