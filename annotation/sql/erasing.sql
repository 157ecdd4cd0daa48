-- The door (database/doors.py) through which the text of a query leaves the places where it can stand. Applied by migrations
-- 0006 to 0008 and 0010. Those places are named here one by one, each JSON down to the key, since a query may be a word of ours: without
-- the list "colour", "labels" or "Substitute" would be taken out of labels, states, folders and hashes of the whole project. A
-- test compares the list with the columns that there are (tests/annotation/pairs/test_what_an_erasing_reaches.py).

-- The words as a regular expression that finds them as words: what stands between other letters is another word. Scripts that
-- write words without blanks between them have no such ends.
CREATE OR REPLACE FUNCTION as_words(words text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN words ~ '^[A-Za-z0-9À-ɏ]' THEN '(?<![A-Za-z0-9À-ɏ])' ELSE '' END
    || regexp_replace(words, '([][\\.^$*+?(){}|-])', '\\\1', 'g')
    || CASE WHEN words ~ '[A-Za-z0-9À-ɏ]$' THEN '(?![A-Za-z0-9À-ɏ])' ELSE '' END $$;

-- A text, or all strings of a JSON value, without the words. Keys of JSON stay: code reads by them. Words of fewer than six signs
-- stay, too, where they are only quoted: they would be taken out of half the notes of a project.
CREATE OR REPLACE FUNCTION erased(told text, words text, marker text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN length(words) < 6 OR strpos(lower(told), lower(words)) = 0 THEN told
    ELSE regexp_replace(told, as_words(words), marker, 'gi') END $$;

CREATE OR REPLACE FUNCTION erased(told jsonb, words text, marker text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE jsonb_typeof(told)
    WHEN 'string' THEN to_jsonb(erased(told #>> '{}', words, marker))
    WHEN 'array' THEN (SELECT coalesce(jsonb_agg(erased(value, words, marker) ORDER BY place), '[]')
                       FROM jsonb_array_elements(told) WITH ORDINALITY AS e(value, place))
    WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, erased(value, words, marker)), '{}') FROM jsonb_each(told))
    ELSE told END;
END $$;

-- An object of which only what these keys hold is text.
CREATE OR REPLACE FUNCTION erased_at(told jsonb, keys text[], words text, marker text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(told) <> 'object' THEN told ELSE (
    SELECT coalesce(jsonb_object_agg(key, CASE WHEN key = ANY(keys) THEN erased(value, words, marker) ELSE value END), '{}')
    FROM jsonb_each(told)) END $$;

-- A list, each of its objects so.
CREATE OR REPLACE FUNCTION erased_in_each(told jsonb, keys text[], words text, marker text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(told) <> 'array' THEN told ELSE (
    SELECT coalesce(jsonb_agg(erased_at(value, keys, words, marker) ORDER BY place), '[]')
    FROM jsonb_array_elements(told) WITH ORDINALITY AS e(value, place)) END $$;

-- A query that sentences, columns and codes of ours may hold as well as people do: one word, as all of them are.
CREATE OR REPLACE FUNCTION is_one_word(words text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT words ~ '^[A-Za-z0-9_.-]*$' $$;

-- A code with, behind it, the words of a server or of a file; or a sentence.
CREATE OR REPLACE FUNCTION erased_behind_code(error text, words text, marker text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN error ~ '^[a-z_]+:' THEN substring(error from '^[a-z_]+:')
      || erased(substring(error from '^[a-z_]+:(.*)$'), words, marker)
    WHEN is_one_word(words) THEN error
    ELSE erased(error, words, marker) END $$;

-- Why a row did not go in: the message is ours and its translations are found by it, only its values are foreign.
CREATE OR REPLACE FUNCTION erased_reason(told jsonb, words text, marker text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN jsonb_typeof(told) <> 'object' OR jsonb_typeof(told -> 'values') <> 'object' THEN told
    ELSE jsonb_set(told, '{values}', (
      SELECT coalesce(jsonb_object_agg(key, CASE jsonb_typeof(value)
        WHEN 'object' THEN erased_reason(value, words, marker) ELSE erased(value, words, marker) END), '{}')
      FROM jsonb_each(told -> 'values'))) END;
END $$;

-- The same sentence in English: its values as they are now.
CREATE OR REPLACE FUNCTION erased_sentence(reason text, told jsonb, words text, marker text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE value text;
BEGIN
  IF told IS NULL OR jsonb_typeof(told) <> 'object' THEN RETURN erased_behind_code(reason, words, marker); END IF;
  FOR value IN SELECT v #>> '{}' FROM jsonb_path_query(told, 'strict $.**.values.* ? (@.type() == "string")', '{}', true) v LOOP
    reason := replace(reason, value, erased(value, words, marker));
  END LOOP;
  RETURN reason;
END $$;

-- A list of reasons in the report of an import.
CREATE OR REPLACE FUNCTION erased_reasons(told jsonb, words text, marker text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(told) <> 'array' THEN told ELSE (
    SELECT coalesce(jsonb_agg(erased_at(value, ARRAY['example'], words, marker) || jsonb_build_object(
      'reason', erased_sentence(value ->> 'reason', nullif(value -> 'told', 'null'), words, marker),
      'told', erased_reason(value -> 'told', words, marker)) ORDER BY place), '[]')
    FROM jsonb_array_elements(told) WITH ORDINALITY AS e(value, place)) END $$;

-- The report of an import: examples of columns, but for those that hold labels, names of files, reasons.
CREATE OR REPLACE FUNCTION erased_report(report jsonb, words text, marker text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE list text;
BEGIN
  report := erased_at(report, ARRAY['stopped'], words, marker);
  IF report ? 'files' THEN
    report := jsonb_set(report, '{files}', erased_in_each(report -> 'files', ARRAY['name'], words, marker));
  END IF;
  IF jsonb_typeof(report -> 'columns') = 'array' THEN
    report := jsonb_set(report, '{columns}', (
      SELECT coalesce(jsonb_agg(CASE WHEN value ->> 'becomes' IN (
        'label', 'mismatch', 'rating', 'ratings', 'prediction', 'predictions', 'posterior', 'score') THEN value
        ELSE erased_at(value, ARRAY['examples'], words, marker) END ORDER BY place), '[]')
      FROM jsonb_array_elements(report -> 'columns') WITH ORDINALITY AS e(value, place)));
  END IF;
  FOREACH list IN ARRAY ARRAY['joined', 'rejections'] LOOP
    IF report ? list THEN report := jsonb_set(report, ARRAY[list], erased_reasons(report -> list, words, marker)); END IF;
  END LOOP;
  IF report -> 'pictures' ? 'why' THEN
    report := jsonb_set(report, '{pictures,why}', erased_reasons(report #> '{pictures,why}', words, marker));
  END IF;
  RETURN report;
END $$;

-- The query is called by its number from then on. What was made of its words goes (readings, grids, chains, prompts, guidelines,
-- captions, raw rows); where people, files or servers quote them in the project, the marker stands in their place. Items keep theirs.
CREATE OR REPLACE FUNCTION erase_query(which bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  known catalogue_query;
  marker text := '[erased query ' || which || ']';
  own bigint[] := ARRAY(SELECT id FROM catalogue_pair WHERE query_id = which);
  place record;
  in_json text;
  one_word boolean;
BEGIN
  SELECT * INTO known FROM catalogue_query WHERE id = which AND erased_at IS NULL FOR UPDATE;
  IF known.id IS NULL THEN
    RAISE EXCEPTION 'no query % is there to be erased', which USING ERRCODE = 'restrict_violation';
  END IF;
  in_json := lower(substr(to_jsonb(known.text)::text, 2, length(to_jsonb(known.text)::text) - 2));
  one_word := is_one_word(known.text);
  PERFORM set_config('lore.forgetting', 'on', true);
  -- What is of the query alone.
  UPDATE catalogue_query SET text = marker, erased_at = clock_timestamp() WHERE id = which;
  UPDATE catalogue_pairwords SET words = '' WHERE pair_id = ANY(own);
  UPDATE catalogue_pair SET findable = false, external_id = erased(external_id, known.text, marker) WHERE id = ANY(own);
  UPDATE catalogue_grid SET body = jsonb_build_object('rows', '[]'::jsonb, 'overlap', coalesce(body -> 'overlap', '0'),
    'extractor_version', coalesce(body -> 'extractor_version', '""')) WHERE query_id = which;
  UPDATE catalogue_queryreading SET body = '[]' WHERE query_id = which;
  UPDATE catalogue_cellcorrection SET text = '', literal = '' WHERE pair_id = ANY(own);
  UPDATE annotation_evidencecheck SET marks = (
      SELECT coalesce(jsonb_agg(value || '{"text": "", "literal": ""}' ORDER BY e.at), '[]')
      FROM jsonb_array_elements(marks) WITH ORDINALITY AS e(value, at)) WHERE pair_id = ANY(own);
  UPDATE annotation_evidencegate SET wrong_cells = (
      SELECT coalesce(jsonb_agg(CASE WHEN (value ->> 'pair')::bigint = ANY(own)
        THEN value || '{"text": "", "literal": "", "where": ""}' ELSE value END ORDER BY e.at), '[]')
      FROM jsonb_array_elements(wrong_cells) WITH ORDINALITY AS e(value, at)) WHERE project_id = known.project_id;
  UPDATE inference_queryguideline SET intent = marker, required = '[]', optional = '[]' WHERE query_id = which;
  UPDATE inference_prediction SET chain = NULL, moved = '[]', signals = '[]' WHERE pair_id = ANY(own);
  UPDATE inference_prelabelattempt SET answer = '', error = erased_behind_code(error, known.text, marker) WHERE job_id IN (
    SELECT id FROM inference_prelabeljob WHERE pair_id = ANY(own));
  UPDATE inference_prelabeljob SET error = erased_behind_code(error, known.text, marker) WHERE pair_id = ANY(own);
  UPDATE inference_trial SET rendered = '[]', raw = '', judged = judged - 'chain',
    error = erased_behind_code(error, known.text, marker) WHERE pair_id = ANY(own);
  -- Those of its own pairs, and what else in its project quotes it, a single word only as the query that is asked about. Without
  -- the last condition whoever erases a query of words that every question holds would empty the captions of all projects.
  UPDATE inference_caption c SET question = marker, text = marker, question_sha256 = 'erased ' || c.id
    WHERE (c.id IN (SELECT caption_id FROM inference_prediction WHERE pair_id = ANY(own) AND caption_id IS NOT NULL)
        OR (strpos(lower(c.question), '"' || in_json || '"') > 0
            OR NOT one_word AND length(known.text) > 5 AND strpos(lower(c.question), lower(known.text)) > 0) AND (
          c.image_sha256 IN (SELECT sha256 FROM catalogue_image WHERE project_id = known.project_id)
          OR EXISTS (SELECT 1 FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
                     WHERE p.caption_id = c.id AND pair.project_id = known.project_id)))
      AND NOT EXISTS (SELECT 1 FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
                      WHERE p.caption_id = c.id AND pair.project_id <> known.project_id);
  -- As the row came: in JSON and in a CSV a quotation mark is written otherwise. A single word counts in the column of queries
  -- alone: without that, rows with such a label, or with a column of that name, would go as well.
  UPDATE catalogue_rejection r SET raw = '', raw_sha256 = '' FROM catalogue_import i
    WHERE i.id = r.batch_id AND i.project_id = known.project_id AND CASE
      WHEN one_word THEN strpos(lower(raw), in_json) > 0 AND EXISTS (
        SELECT 1 FROM jsonb_path_query(i.report, '$.columns[*] ? (@.becomes == "query").name') AS c(name)
        WHERE raw ~* (regexp_replace('"' || regexp_replace(c.name #>> '{}', '^.*\.', '') || '"',
                                     '([][\\.^$*+?(){}|-])', '\\\1', 'g') || '\s*:\s*"\s*'
                      || regexp_replace(in_json, '([][\\.^$*+?(){}|-])', '\\\1', 'g') || '\s*"'))
      ELSE strpos(lower(raw), lower(known.text)) > 0 OR strpos(lower(raw), in_json) > 0
        OR strpos(lower(raw), replace(lower(known.text), '"', '""')) > 0 END;
  UPDATE catalogue_rejection SET told = erased_reason(told, known.text, marker),
      reason = left(erased_sentence(reason, told, known.text, marker), 300)
    WHERE (strpos(lower(reason), lower(known.text)) > 0 OR strpos(lower(told::text), in_json) > 0) AND batch_id IN (
      SELECT id FROM catalogue_import WHERE project_id = known.project_id);
  -- What people, files and servers wrote in the project.
  FOR place IN
    SELECT called, named, whose, behind, format_type(a.atttypid, a.atttypmod) AS typed
    FROM (VALUES
      ('annotation_judgment', 'note', 'pair', false),
      ('annotation_adjudication', 'note', 'pair', false),
      ('annotation_badcasenote', 'text', 'case', false),
      ('catalogue_import', 'file_name', 'project', false),
      ('catalogue_import', 'source', 'project', false),
      ('catalogue_import', 'attribution', 'project', false),
      ('catalogue_import', 'error', 'project', true),
      ('inference_knowledgecard', 'text', 'project', false),
      ('inference_knowledgecard', 'source', 'project', false),
      ('inference_knowledgerevision', 'text', 'card', false),
      ('inference_knowledgerevision', 'source', 'card', false),
      ('inference_knowledgeimport', 'file_name', 'project', false),
      ('inference_knowledgeimport', 'error', 'project', true),
      ('inference_prelabelrun', 'refusal', 'project', true),
      ('inference_modeljob', 'error', 'project', true),
      ('inference_queryreadingrun', 'error', 'project', true),
      ('annotation_backtest', 'error', 'project', true)) AS said(called, named, whose, behind)
    JOIN pg_attribute a ON a.attrelid = called::regclass AND a.attname = named
  LOOP
    EXECUTE format(
      'UPDATE %1$I SET %2$I = %3$s(%2$I, $1, $2)::%4$s WHERE %2$I <> '''' AND strpos(lower(%2$I), lower($1)) > 0 AND %5$s',
      place.called, place.named, CASE WHEN place.behind THEN 'erased_behind_code' ELSE 'erased' END, place.typed,
      CASE place.whose
        WHEN 'project' THEN 'project_id = $3'
        WHEN 'pair' THEN 'pair_id IN (SELECT id FROM catalogue_pair WHERE project_id = $3)'
        WHEN 'case' THEN 'bad_case_id IN (SELECT id FROM annotation_badcase WHERE project_id = $3)'
        ELSE 'card_id IN (SELECT id FROM inference_knowledgecard WHERE project_id = $3)' END)
      USING known.text, marker, known.project_id;
  END LOOP;
  -- Keys of cards that queries are looked up by; those of categories and attributes are words of the catalogue.
  UPDATE inference_knowledgecard SET key = left(erased(key, known.text, marker), 300),
      key_folded = left(lower(erased(key, known.text, marker)), 300)
    WHERE project_id = known.project_id AND kind IN ('term', 'top_clicked')
      AND erased(key, known.text, marker) <> key;
  UPDATE inference_knowledgecard SET search = NULL
    WHERE project_id = known.project_id AND strpos(key || text, marker) > 0;
  UPDATE inference_knowledgeimport k SET rejected_rows = (
      SELECT coalesce(jsonb_agg(CASE WHEN jsonb_typeof(value) = 'array' AND jsonb_array_length(value) > 3
        THEN jsonb_set(value, '{3}', erased(value -> 3, known.text, marker)) ELSE value END ORDER BY e.at), '[]')
      FROM jsonb_array_elements(k.rejected_rows) WITH ORDINALITY AS e(value, at))
    WHERE project_id = known.project_id AND strpos(lower(rejected_rows::text), in_json) > 0;
  UPDATE annotation_draft SET body = erased_at(body, ARRAY['note'], known.text, marker)
    WHERE strpos(lower(body::text), in_json) > 0 AND pair_id IN (
      SELECT id FROM catalogue_pair WHERE project_id = known.project_id);
  UPDATE annotation_morejudgments SET chosen = erased_at(chosen, ARRAY['text'], known.text, marker)
    WHERE project_id = known.project_id AND strpos(lower(chosen::text), in_json) > 0;
  UPDATE catalogue_import SET report = erased_report(report, known.text, marker)
    WHERE project_id = known.project_id AND strpos(lower(report::text), in_json) > 0;
  UPDATE projects_auditevent SET detail = erased_at(detail, ARRAY['query', 'text', 'note'] || CASE
      WHEN act LIKE 'import.%' THEN ARRAY['file', 'source', 'attribution']
      WHEN act LIKE 'knowledge.%' THEN ARRAY['file', 'origin', 'key']
      ELSE '{}'::text[] END, known.text, marker)
    WHERE project_id = known.project_id AND strpos(lower(detail::text), in_json) > 0;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN marker;
END $$;
