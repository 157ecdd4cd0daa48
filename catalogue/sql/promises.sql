-- What the tables of this app promise beyond their constraints. Applied by migration 0002.

-- Items that read otherwise are found by their new words only once these are read (catalogue.words).
CREATE FUNCTION item_reads_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE catalogue_pair SET findable = false WHERE item_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER item_reads_otherwise AFTER UPDATE ON catalogue_item
  FOR EACH ROW WHEN (OLD.current_snapshot_id IS DISTINCT FROM NEW.current_snapshot_id AND OLD.current_snapshot_id IS NOT NULL)
  EXECUTE FUNCTION item_reads_otherwise();
