-- Pairs that have gold or were judged or rated: what the active model says of them, else whether one before it has answered.
--
-- Parameters
--   project  bigint    whose pairs
--   rated    bigint[]  pairs that files brought ratings of: `judged` does not tell
--   older    bigint[]  the models that judged the project before the active one
--   one_in   integer   of every so many-th query, whole, since one resamples by query; 1: of all
--   only     bigint[]  of these pairs, NULL: of all
--
-- Without the last column, what an older model has answered would be told as not answered.
SELECT p.id, p.query_id, q.text, p.gold_label, coalesce(g.ground, ''), coalesce(jsonb_array_length(g.judgments), 0),
       t.label, t.posterior::text, b.number,
       t.id IS NULL AND EXISTS (SELECT FROM inference_prediction x
                                WHERE x.pair_id = p.id AND x.status = 'ok' AND x.model_id = ANY(%(older)s::bigint[]))
FROM catalogue_pair p JOIN catalogue_query q ON q.id = p.query_id
LEFT JOIN LATERAL (SELECT ground, judgments FROM annotation_gold
                   WHERE pair_id = p.id AND p.gold_label <> '' ORDER BY revision DESC LIMIT 1) g ON true
LEFT JOIN inference_standingprediction t ON t.pair_id = p.id
LEFT JOIN rules_rulebaseversion b ON b.id = t.rule_base_id
WHERE p.project_id = %(project)s AND (p.judged OR p.gold_label <> '' OR p.id = ANY(%(rated)s::bigint[]))
  AND (%(one_in)s = 1 OR p.query_id %% %(one_in)s = 0)
  AND (%(only)s::bigint[] IS NULL OR p.id = ANY(%(only)s::bigint[]))
