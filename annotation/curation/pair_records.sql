-- What an export says of its pairs: pair, query, item, gold, and what the active model says of the same content.
--
-- Parameters
--   pairs     bigint[]  which pairs
--   golds     bigint[]  of some of them their gold, as the export took it
--   training  boolean   with what only a training row says, the model's chain; without it with what only a row for people
--                       says, all else of the item; the other is NULL
--
-- Without coalesce(g.snapshot_id, ...), a label would stand beside an item that has changed since: gold's own snapshot comes
-- before the item's, and a prediction that saw another one is not told.
SELECT p.id, p.external_id, q.text, q.locale, i.external_id, i.locale, s.sha256, s.title,
       s.category, s.cpv::text, s.skus::text, s.shop, CASE WHEN NOT %(training)s THEN s.description END,
       CASE WHEN NOT %(training)s THEN s.selling_points::text END, CASE WHEN NOT %(training)s THEN s.price END,
       CASE WHEN NOT %(training)s THEN s.image_addresses::text END,
       b.source, b.licence, b.attribution, g.id, coalesce(g.label, ''), coalesce(g.mismatch, ''), coalesce(g.ground, ''),
       x.id, coalesce(x.label, ''), CASE WHEN %(training)s THEN x.chain::text END,
       coalesce(x.contradicts <> '[]', false), x.model_id, r.number
FROM catalogue_pair p
JOIN catalogue_query q ON q.id = p.query_id
JOIN catalogue_item i ON i.id = p.item_id
LEFT JOIN annotation_gold g ON g.pair_id = p.id AND g.id = ANY(%(golds)s::bigint[])
JOIN catalogue_snapshot s ON s.id = coalesce(g.snapshot_id, i.current_snapshot_id)
JOIN catalogue_import b ON b.id = s.batch_id
LEFT JOIN inference_standingprediction x ON x.pair_id = p.id AND x.snapshot_id = s.id
LEFT JOIN rules_rulebaseversion r ON r.id = x.rule_base_id
WHERE p.id = ANY(%(pairs)s::bigint[])
ORDER BY p.id
