-- What the grid of a query over a snapshot is made with besides the product's own reading. Applied by migration 0011.

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

-- '' for most; '+r7' where reading 7 stands, '+c9' where people have put cells right up to correction 9.
CREATE OR REPLACE FUNCTION evidence_key(of_query bigint, of_snapshot bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE newest bigint;
BEGIN
  SELECT max(c.id) INTO newest FROM catalogue_grid g JOIN catalogue_cellcorrection c ON c.grid_id = g.id
    WHERE g.query_id = of_query AND g.snapshot_id = of_snapshot;
  RETURN coalesce('+r' || standing_reading(of_query), '') || coalesce('+c' || newest, '');
END $$;
