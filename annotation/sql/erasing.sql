-- The door (database/doors.py) through which the text of a query leaves every table. Applied by migrations 0006 to 0008.

-- A text, or what strings a JSON value holds, without the words. Keys of JSON stay: code reads by them. Words of fewer than six
-- signs stay, too, where they are only quoted: they would be taken out of half the notes of a project.
CREATE OR REPLACE FUNCTION erased(told text, words text, marker text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN length(words) < 6 THEN told ELSE regexp_replace(told, '***=' || words, marker, 'gi') END $$;

CREATE OR REPLACE FUNCTION erased(told jsonb, words text, marker text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE jsonb_typeof(told)
    WHEN 'string' THEN to_jsonb(erased(told #>> '{}', words, marker))
    WHEN 'array' THEN (SELECT coalesce(jsonb_agg(erased(value, words, marker) ORDER BY place), '[]')
                       FROM jsonb_array_elements(told) WITH ORDINALITY AS e(value, place))
    WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, erased(value, words, marker)), '{}') FROM jsonb_each(told))
    ELSE told END;
END $$;

-- The query is called by its number from then on. What was made of its words goes (readings, grids, chains, prompts, guidelines,
-- captions, raw rows); where they are quoted, in the project or beside its pairs, the marker stands in their place. Items keep theirs.
CREATE OR REPLACE FUNCTION erase_query(which bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  known catalogue_query;
  marker text := '[erased query ' || which || ']';
  own bigint[] := ARRAY(SELECT id FROM catalogue_pair WHERE query_id = which);
  place record;
  in_json text;
BEGIN
  SELECT * INTO known FROM catalogue_query WHERE id = which AND erased_at IS NULL FOR UPDATE;
  IF known.id IS NULL THEN
    RAISE EXCEPTION 'no query % is there to be erased', which USING ERRCODE = 'restrict_violation';
  END IF;
  in_json := lower(substr(to_jsonb(known.text)::text, 2, length(to_jsonb(known.text)::text) - 2));
  PERFORM set_config('lore.forgetting', 'on', true);
  UPDATE catalogue_query SET text = marker, erased_at = clock_timestamp() WHERE id = which;
  UPDATE catalogue_pairwords SET words = '' WHERE pair_id = ANY(own);
  UPDATE catalogue_pair SET findable = false WHERE id = ANY(own);
  UPDATE catalogue_grid SET body = jsonb_set(body, '{rows}', '[]') WHERE query_id = which;
  UPDATE catalogue_queryreading SET body = '[]' WHERE query_id = which;
  UPDATE catalogue_cellcorrection SET text = '', literal = '' WHERE pair_id = ANY(own);
  UPDATE inference_queryguideline SET intent = marker, required = '[]', optional = '[]' WHERE query_id = which;
  UPDATE inference_prediction SET chain = NULL, moved = '[]', signals = '[]' WHERE pair_id = ANY(own);
  UPDATE inference_prelabelattempt SET answer = '' WHERE job_id IN (
    SELECT id FROM inference_prelabeljob WHERE pair_id = ANY(own));
  UPDATE inference_trial SET rendered = '[]', raw = '', judged = judged - 'chain' WHERE pair_id = ANY(own);
  -- Those of its own pairs, and what else in its project quotes it. Without the last condition whoever erases a query of words
  -- that every question holds would empty the captions of all projects.
  UPDATE inference_caption c SET question = marker, text = marker, question_sha256 = 'erased ' || c.id
    WHERE (c.id IN (SELECT caption_id FROM inference_prediction WHERE pair_id = ANY(own) AND caption_id IS NOT NULL)
        OR length(known.text) > 5 AND strpos(lower(c.question), lower(known.text)) > 0 AND (
          c.image_sha256 IN (SELECT sha256 FROM catalogue_image WHERE project_id = known.project_id)
          OR EXISTS (SELECT 1 FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
                     WHERE p.caption_id = c.id AND pair.project_id = known.project_id)))
      AND NOT EXISTS (SELECT 1 FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
                      WHERE p.caption_id = c.id AND pair.project_id <> known.project_id);
  -- As the row came: in JSON and in a CSV a quotation mark is written otherwise.
  UPDATE catalogue_rejection SET raw = '', raw_sha256 = '' WHERE batch_id IN (
    SELECT id FROM catalogue_import WHERE project_id = known.project_id) AND (strpos(lower(raw), lower(known.text)) > 0
      OR strpos(lower(raw), in_json) > 0 OR strpos(lower(raw), replace(lower(known.text), '"', '""')) > 0);
  -- Found in PostgreSQL's own lists, so that a new column is not forgotten: what belongs to the project, its imports, its cards
  -- or the pairs of the query, but for what items and people are called and what was learnt.
  FOR place IN
    SELECT k.relname AS called, a.attname AS named, format_type(a.atttypid, a.atttypmod) AS typed, o.attname AS owner
    FROM pg_class k
    JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype)
    JOIN pg_attribute o ON o.attrelid = k.oid AND o.attname IN ('project_id', 'pair_id', 'batch_id', 'card_id')
      AND NOT o.attisdropped
    WHERE k.relkind = 'r' AND k.relnamespace = current_schema()::regnamespace AND k.relname NOT IN (
      'catalogue_item', 'catalogue_snapshot', 'catalogue_image', 'catalogue_query', 'catalogue_learntlexicon',
      'inference_learntmodel', 'projects_membership', 'projects_roleoffer', 'projects_servicetoken')
  LOOP
    EXECUTE format(
      'UPDATE %1$I SET %2$I = erased(%2$I, $1, $2)::%3$s WHERE strpos(lower(%2$I::text), $5) > 0 AND %4$I %5$s',
      place.called, place.named, place.typed, place.owner,
      CASE place.owner
        WHEN 'project_id' THEN '= $3'
        WHEN 'pair_id' THEN '= ANY($4)'
        WHEN 'batch_id' THEN 'IN (SELECT id FROM catalogue_import WHERE project_id = $3)'
        ELSE 'IN (SELECT id FROM inference_knowledgecard WHERE project_id = $3)' END)
      USING known.text, marker, known.project_id, own, CASE place.typed WHEN 'jsonb' THEN in_json ELSE lower(known.text) END;
  END LOOP;
  UPDATE inference_knowledgecard SET search = NULL
    WHERE project_id = known.project_id AND strpos(key || text, marker) > 0;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN marker;
END $$;
