-- The items without a pair of a project in a database of an earlier version, by that version's tables, told as carried_pairs.sql
-- tells pairs: origin, no gold, no ratings, and the row.
--
-- Parameters
--   project  bigint   whose, in that database
--
-- Without NOT EXISTS, every item would be imported twice: with its pairs, and alone.
SELECT concat_ws(chr(10), b.source, b.licence, b.attribution), false, 0, json_strip_nulls(json_build_object(
  'item_id', i.external_id, 'title', s.title, 'category', nullif(s.category, ''), 'description', nullif(s.description, ''),
  'selling_points', nullif(s.selling_points, '[]'), 'attributes', nullif(s.cpv, '[]'), 'skus', nullif(s.skus, '[]'),
  'shop', nullif(s.shop, ''), 'price', nullif(s.price, ''),
  'images', nullif((SELECT coalesce(jsonb_agg(left(hash, 2) || '/' || hash || '.webp' ORDER BY number), '[]')
                    FROM jsonb_array_elements_text(s.images) WITH ORDINALITY AS one(hash, number)) || s.image_addresses, '[]'),
  'source', nullif(b.source, ''), 'licence', nullif(b.licence, ''), 'attribution', nullif(b.attribution, '')))::text
FROM annotation_item i
JOIN annotation_snapshot s ON s.id = i.current_snapshot_id
JOIN annotation_import b ON b.id = s.batch_id
WHERE i.project_id = %(project)s AND NOT EXISTS (SELECT 1 FROM annotation_pair p WHERE p.item_id = i.id)
ORDER BY 1, i.id
