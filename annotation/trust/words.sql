-- Each judge's standing word, and what they had said before the label of a model could be in view: of a reveal the first
-- answer, of an assist nothing, and nothing of whoever was shown one on this pair in an earlier round.
--
-- Parameters
--   project  bigint    whose judgments
--   one_in   integer   of every so many-th query, whole, since one resamples by query; 1: of all
--   only     bigint[]  of these pairs, NULL: of all
--
-- Without the second half, a label that was given with a model's label in view would measure that model. It is told by the
-- modes: which prediction was shown says nothing where the model changed between the card and its answer.
-- Without MATERIALIZED, whether a judge was shown a label is asked once more wherever it is used.
WITH s AS MATERIALIZED (
  SELECT p.query_id, j.pair_id, j.judge_id, j.round, j.mode, j.label, j.batch_id IS NOT NULL AS imported,
         EXISTS (SELECT FROM annotation_judgment e
                 WHERE e.pair_id = j.pair_id AND e.judge_id = j.judge_id AND e.mode IN ('reveal', 'assist')) AS beside
  FROM annotation_standingjudgment j JOIN catalogue_pair p ON p.id = j.pair_id
  WHERE p.project_id = %(project)s
    AND (%(one_in)s = 1 OR p.query_id %% %(one_in)s = 0)
    AND (%(only)s::bigint[] IS NULL OR p.id = ANY(%(only)s::bigint[])))
SELECT s.query_id, s.pair_id, s.judge_id, s.imported, s.label, CASE WHEN s.beside THEN said.mode ELSE s.mode END,
       CASE WHEN NOT s.beside THEN s.label WHEN said.outcome <> 'withdrawn' THEN said.label END
FROM s LEFT JOIN LATERAL (
  SELECT r.outcome, r.label, r.mode FROM annotation_judgment r
  WHERE s.beside AND r.pair_id = s.pair_id AND r.judge_id = s.judge_id AND r.round = s.round AND r.mode <> 'assist'
    AND NOT EXISTS (SELECT FROM annotation_judgment e
                    WHERE e.pair_id = r.pair_id AND e.judge_id = r.judge_id AND e.id < r.id
                      AND e.mode IN ('reveal', 'assist'))
  ORDER BY r.revision DESC LIMIT 1) said ON true
