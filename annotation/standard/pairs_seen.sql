-- What the pairs judged or predicted last tell of the standard, the newest pairs first: what people say of them, all and
-- without a model's label in view, the rules they cite, and what the active model says and by which rules.
--
-- Parameters
--   project  bigint   whose pairs
--   most     integer  judgments, and predictions, that are looked at: the last ones
--
-- Without the two limits, a project of a million pairs would be read whole. It is asked by a cursor that is planned for its end
-- (weak_spots.py says what happens without).
WITH judged AS (
  SELECT j.pair_id FROM annotation_judgment j JOIN catalogue_pair p ON p.id = j.pair_id
  WHERE p.project_id = %(project)s ORDER BY j.id DESC LIMIT %(most)s),
predicted AS (
  SELECT r.pair_id FROM inference_prediction r JOIN catalogue_pair p ON p.id = r.pair_id
  WHERE p.project_id = %(project)s AND r.status = 'ok' ORDER BY r.id DESC LIMIT %(most)s),
recent AS (SELECT pair_id FROM judged UNION SELECT pair_id FROM predicted),
standing AS (
  SELECT s.id, s.pair_id, s.label, s.mismatch, s.no_rule_fits, s.mode IN ('reveal', 'assist') AS aided
  FROM annotation_standingjudgment s JOIN recent USING (pair_id)),
people AS (
  SELECT pair_id, array_agg(label ORDER BY id) AS labels,
         array_agg(label ORDER BY id) FILTER (WHERE NOT aided) AS unaided, count(*) FILTER (WHERE no_rule_fits) AS none_fits,
         array_agg(DISTINCT mismatch) AS mismatches
  FROM standing GROUP BY pair_id),
cited AS (
  SELECT s.pair_id, array_agg(DISTINCT r.code) AS codes
  FROM standing s JOIN annotation_citation c ON c.judgment_id = s.id JOIN rules_ruleversion v ON v.id = c.version_id
  JOIN rules_rule r ON r.id = v.rule_id GROUP BY s.pair_id),
told AS (
  SELECT r.pair_id, r.label, r.mismatch, ARRAY(SELECT jsonb_array_elements_text(r.chain->'rules')) AS rules,
         coalesce(r.confidence, (r.posterior->>r.label)::float) AS confidence
  FROM inference_standingprediction r JOIN recent USING (pair_id))
SELECT p.id, trim(split_part(s.category, '>', 1)), coalesce(people.labels, '{}'), coalesce(people.unaided, '{}'),
       coalesce(people.none_fits, 0),
       coalesce(people.mismatches, '{}'), coalesce(cited.codes, '{}'), coalesce(told.label, ''),
       coalesce(told.mismatch, ''), coalesce(told.rules, '{}'), told.confidence
FROM recent JOIN catalogue_pair p ON p.id = recent.pair_id
JOIN catalogue_item i ON i.id = p.item_id JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
LEFT JOIN people USING (pair_id) LEFT JOIN cited USING (pair_id) LEFT JOIN told USING (pair_id)
ORDER BY p.id DESC
