-- The pairs of a project in a database of an earlier version, by that version's tables: of each the origin of its texts, whether
-- it has gold, how many ratings, and the row in our field names (docs/importing.md).
--
-- Parameters
--   project  bigint   whose, in that database
--
-- Pictures go by the names that they have in the storage's folder `images`. A member who is called like a rater stays another
-- rater. Without DISTINCT ON and the NOT EXISTS, what a judge took back or judged again would be a rating: what stands is the last
-- revision of the last round, if it is a label and was not judged again by somebody.
-- What it says of an item must be said as carried_items.sql says it.
SELECT concat_ws(chr(10), b.source, b.licence, b.attribution), g.label IS NOT NULL, coalesce(json_array_length(k.ratings), 0),
  json_strip_nulls(json_build_object(
  'pair_id', nullif(p.external_id, ''), 'query', q.text, 'locale', nullif(q.locale, ''),
  'item_id', i.external_id, 'title', s.title, 'category', nullif(s.category, ''), 'description', nullif(s.description, ''),
  'selling_points', nullif(s.selling_points, '[]'), 'attributes', nullif(s.cpv, '[]'), 'skus', nullif(s.skus, '[]'),
  'shop', nullif(s.shop, ''), 'price', nullif(s.price, ''),
  'images', nullif((SELECT coalesce(jsonb_agg(left(hash, 2) || '/' || hash || '.webp' ORDER BY number), '[]')
                    FROM jsonb_array_elements_text(s.images) WITH ORDINALITY AS one(hash, number)) || s.image_addresses, '[]'),
  'source', nullif(b.source, ''), 'licence', nullif(b.licence, ''), 'attribution', nullif(b.attribution, ''),
  'label_scale', r.scale_name, 'label', g.label, 'mismatch', g.mismatch, 'ratings', k.ratings,
  'benchmark', nullif(q.is_benchmark, false)))::text
FROM annotation_pair p
JOIN projects_project r ON r.id = p.project_id
JOIN annotation_query q ON q.id = p.query_id
JOIN annotation_item i ON i.id = p.item_id
JOIN annotation_snapshot s ON s.id = i.current_snapshot_id
JOIN annotation_import b ON b.id = s.batch_id
LEFT JOIN LATERAL (
  SELECT nullif(label, '') AS label, nullif(mismatch, '') AS mismatch FROM annotation_gold
  WHERE pair_id = p.id ORDER BY revision DESC LIMIT 1) g ON true
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('rater', CASE
      WHEN d.rater <> '' THEN d.rater
      WHEN EXISTS (SELECT 1 FROM annotation_judge o WHERE o.project_id = d.project_id AND o.rater = w.username)
      THEN left(w.username, 71) || ' (member)' ELSE w.username END, 'label', j.label) ORDER BY j.id) AS ratings
  FROM (
    SELECT DISTINCT ON (j.judge_id) j.* FROM annotation_judgment j
    WHERE j.pair_id = p.id AND NOT EXISTS (
      SELECT 1 FROM annotation_judgment old JOIN annotation_judgment again ON again.replaces_id = old.id
      WHERE old.pair_id = j.pair_id AND old.judge_id = j.judge_id AND old.round = j.round AND old.revision >= j.revision
        AND again.outcome <> 'withdrawn' AND NOT EXISTS (
          SELECT 1 FROM annotation_judgment later WHERE later.pair_id = again.pair_id AND later.judge_id = again.judge_id
            AND later.round = again.round AND later.revision > again.revision))
    ORDER BY j.judge_id, j.round DESC, j.revision DESC) j
  JOIN annotation_judge d ON d.id = j.judge_id
  LEFT JOIN projects_person w ON w.id = d.person_id
  WHERE j.outcome = 'label') k ON true
WHERE p.project_id = %(project)s
ORDER BY 1, p.id
