-- Opens a slot for each stale judgment of up to `most` pairs, before all that waits: an answer to it stands in the place of
-- the judgment that it replaces. First come pairs whose label the standing prediction shares, then those judged quickest.
--
-- Parameters
--   project    bigint    whose queue
--   stale      bigint[]  standing judgments that cite a rule version out of force, of this project
--   most       integer   pairs
--   from_lore  jsonb     what L1 to L4 are in the project's scale
--
-- A pair has nine slots in a round, so more than nine stale judgments wait for another turn.
-- Without the rounds of `last_slot` and `last_round`, an answer would be in a round that the judge has answered already, and
-- would not count. Without ON CONFLICT, two people who ask at once would both open the same slots, and the second would fail.
WITH stale AS (
  SELECT id, pair_id, round, seconds, label FROM annotation_judgment WHERE id = ANY(%(stale)s::bigint[])),
told AS (
  SELECT p.pair_id, p.label FROM inference_standingprediction p WHERE p.pair_id IN (SELECT pair_id FROM stale)),
waiting AS (
  SELECT s.* FROM stale s
  WHERE NOT EXISTS (SELECT 1 FROM annotation_slot o WHERE o.replaces_id = s.id AND o.state <> 'closed')),
chosen AS (
  SELECT w.pair_id, avg(w.seconds) AS seconds,
         bool_or(coalesce(%(from_lore)s::jsonb ->> told.label <> w.label, true)) AS doubted,
         (SELECT coalesce(max(o.round), 1) FROM annotation_slot o WHERE o.pair_id = w.pair_id) AS last_slot,
         max(w.round) AS last_round
  FROM waiting w LEFT JOIN told ON told.pair_id = w.pair_id
  GROUP BY w.pair_id ORDER BY doubted, avg(w.seconds) NULLS LAST, w.pair_id LIMIT %(most)s),
numbered AS (
  SELECT chosen.*, row_number() OVER (ORDER BY doubted, seconds NULLS LAST, pair_id) AS place FROM chosen),
front AS (SELECT least(coalesce(min(position), 0), 0) AS first FROM annotation_slot
          WHERE project_id = %(project)s AND state = 'open'),
wanted AS (
  SELECT w.pair_id, w.id, row_number() OVER (PARTITION BY w.pair_id ORDER BY w.id) AS number
  FROM waiting w WHERE w.pair_id IN (SELECT pair_id FROM chosen))
INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position, replaces_id)
SELECT %(project)s, n.pair_id, greatest(n.last_slot, n.last_round) + 1, wanted.number, 'open', '',
       front.first - (SELECT count(*) FROM numbered) + n.place - 1, wanted.id
FROM numbered n CROSS JOIN front JOIN wanted ON wanted.pair_id = n.pair_id
WHERE wanted.number <= 9
ON CONFLICT DO NOTHING
