-- Opens further slots of the first round on pairs, as many as wanted and as there is room for, and notes which act opened
-- them. Says on how many pairs, and how many slots. Of a benchmark query they are blind. Call with the pairs locked.
-- Which pairs get something must be said as foresee_more.sql says it.
--
-- Parameters
--   pairs          bigint[]  the chosen ones
--   more           integer   judgments wanted on each, beside those that it has
--   most           integer   pairs that get some at most, NULL: all
--   firm           boolean   whether pairs get some whose gold is adjudicated or imported
--   numbers        integer   slots that a pair may have
--   position_bits  integer   of a position, those that the pair has; above them is the query, so that its pairs are neighbours
--   project        bigint    whose queue
--   act            bigint    who opens them (annotation_morejudgments)
--
-- A closed slot may be opened again, so it takes no room; one that replaces a stale judgment has had its use.
-- Without DO UPDATE of a slot, the closed slot of a number would be in the way of the one that is to be opened. Without DO
-- UPDATE of the note, a slot that another act had opened would be taken back with that one.
WITH used AS (
  SELECT pair_id, count(*) AS slots FROM annotation_slot
  WHERE pair_id = ANY(%(pairs)s::bigint[]) AND round = 1 AND (state <> 'closed' OR replaces_id IS NOT NULL)
  GROUP BY pair_id),
grounds AS (
  SELECT pair_id, bool_or(ground <> 'consensus') AS firm FROM annotation_gold
  WHERE pair_id = ANY(%(pairs)s::bigint[]) GROUP BY pair_id),
room AS MATERIALIZED (
  SELECT p.id AS pair_id, p.query_id, q.is_benchmark AS benchmark, p.gold_label <> '' AS gold,
         coalesce(grounds.firm, false) AS firm, %(numbers)s - coalesce(used.slots, 0) AS free
  FROM catalogue_pair p JOIN catalogue_query q ON q.id = p.query_id
  LEFT JOIN used ON used.pair_id = p.id LEFT JOIN grounds ON grounds.pair_id = p.id
  WHERE p.id = ANY(%(pairs)s::bigint[]) AND q.erased_at IS NULL),
getting AS MATERIALIZED (
  SELECT * FROM room WHERE free > 0 AND (%(firm)s OR NOT firm) ORDER BY pair_id LIMIT %(most)s),
wanted AS (
  SELECT g.pair_id, g.query_id, g.benchmark, n.number, row_number() OVER (PARTITION BY g.pair_id ORDER BY n.number) AS nth
  FROM getting g CROSS JOIN generate_series(1, %(numbers)s) AS n(number)
  WHERE NOT EXISTS (
    SELECT FROM annotation_slot s WHERE s.pair_id = g.pair_id AND s.round = 1 AND s.number = n.number
    AND (s.state <> 'closed' OR s.replaces_id IS NOT NULL))),
given AS (
  INSERT INTO annotation_slot (project_id, pair_id, round, number, state, mode, position)
  SELECT %(project)s, pair_id, 1, number, 'open', CASE WHEN benchmark THEN 'blind' ELSE '' END,
         (query_id << %(position_bits)s) + pair_id %% (1 << %(position_bits)s)
  FROM wanted WHERE nth <= %(more)s
  ON CONFLICT (pair_id, round, number) DO UPDATE
    SET state = 'open', mode = EXCLUDED.mode, position = EXCLUDED.position WHERE annotation_slot.state = 'closed'
  RETURNING id, pair_id),
noted AS (
  INSERT INTO annotation_moreslot (asked_id, slot_id) SELECT %(act)s, id FROM given
  ON CONFLICT (slot_id) DO UPDATE SET asked_id = EXCLUDED.asked_id)
SELECT count(DISTINCT pair_id), count(*) FROM given
