-- What the grid of a query over a snapshot is made with besides the product's own reading. Applied by migration 0012.

-- The reading that stands in place of the product's own: what a person said last, unless they took it back; else a model's.
CREATE OR REPLACE FUNCTION standing_reading(of_query bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE found bigint;
BEGIN
  SELECT reading_id INTO found FROM catalogue_readingcorrection WHERE query_id = of_query ORDER BY id DESC LIMIT 1;
  IF found IS NULL THEN
    SELECT max(id) INTO found FROM catalogue_queryreading WHERE query_id = of_query AND origin = 'guideline';
  END IF;
  RETURN found;
END $$;

-- The newest reading of the words on a snapshot's pictures, where any has words: null for most.
CREATE OR REPLACE FUNCTION standing_words(of_snapshot bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  seen catalogue_snapshot;
  of_project bigint;
  found bigint;
BEGIN
  SELECT * INTO seen FROM catalogue_snapshot WHERE id = of_snapshot;
  -- Without it the millions of items without pictures would be looked up among the pictures.
  IF seen.images = '[]' AND seen.image_addresses = '[]' THEN
    RETURN NULL;
  END IF;
  SELECT project_id INTO of_project FROM catalogue_item WHERE id = seen.item_id;
  -- Of a picture that a later reader found empty the words are gone: that is another evidence, too.
  SELECT CASE WHEN bool_or(w.state = 'read') THEN max(w.id) END INTO found
  FROM (
    SELECT m.id FROM jsonb_array_elements_text(seen.images) named
      JOIN catalogue_image m ON m.project_id = of_project AND m.sha256 = named.value
    UNION ALL
    SELECT f.image_id FROM jsonb_array_elements_text(seen.image_addresses) named
      JOIN catalogue_picturefetch f ON f.project_id = of_project AND f.address = named.value
  ) shown
  JOIN catalogue_picturewords w ON w.image_id = shown.id AND w.state <> 'failed';
  RETURN found;
END $$;

-- '' for most; '+r7' where reading 7 stands, '+c9' where people have put cells right up to correction 9, '+p5'
-- where words were read off the pictures, the last of them in reading 5.
CREATE OR REPLACE FUNCTION evidence_key(of_query bigint, of_snapshot bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE newest bigint;
BEGIN
  SELECT max(c.id) INTO newest FROM catalogue_grid g JOIN catalogue_cellcorrection c ON c.grid_id = g.id
    WHERE g.query_id = of_query AND g.snapshot_id = of_snapshot;
  RETURN coalesce('+r' || standing_reading(of_query), '') || coalesce('+c' || newest, '')
    || coalesce('+p' || standing_words(of_snapshot), '');
END $$;
