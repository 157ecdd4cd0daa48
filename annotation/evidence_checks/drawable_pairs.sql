-- The pairs of a project that evidence may be checked on, with the category of their items, in an order that the seed decides.
--
-- Parameters
--   project  bigint   whose
--   seed     text     another one, another order
--   one_in   integer  of a large project one pair in so many is looked at, chosen by the seed as well
--
-- Without the gold label and the benchmark, whoever checks evidence would have seen it on what is judged blind for good.
-- By its words and not by its number: the same seed draws the same pairs wherever they were imported.
SELECT found.id, found.query_id, found.text, found.category FROM (
  SELECT p.id, p.query_id, q.text, trim(split_part(s.category, '>', 1)) AS category,
         md5(%(seed)s || ' ' || q.text || ' ' || i.locale || ' ' || i.external_id) AS place
  FROM catalogue_pair p
  JOIN catalogue_query q ON q.id = p.query_id
  JOIN catalogue_item i ON i.id = p.item_id
  JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id
  WHERE p.project_id = %(project)s AND p.gold_label = '' AND NOT q.is_benchmark AND q.erased_at IS NULL
    AND (%(one_in)s = 1 OR hashint8(p.id) %% %(one_in)s = 0)) AS found
ORDER BY found.place, found.id
