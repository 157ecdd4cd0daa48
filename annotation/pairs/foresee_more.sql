-- What asking for more judgments on pairs would do now, as `Foreseen` tells it: how many pairs are looked at, are firm and
-- passed over, have no room; how many get something, get less than wanted, have gold that may fall; how many slots in all.
-- Which pairs get something must be said as give_more.sql says it.
--
-- Parameters
--   pairs    bigint[]  the chosen ones
--   more     integer   judgments wanted on each, beside those that it has
--   most     integer   pairs that get some at most, NULL: all
--   firm     boolean   whether pairs get some whose gold is adjudicated or imported
--   numbers  integer   slots that a pair may have
--
-- A closed slot may be opened again, so it takes no room; one that replaces a stale judgment has had its use.
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
  SELECT * FROM room WHERE free > 0 AND (%(firm)s OR NOT firm) ORDER BY pair_id LIMIT %(most)s)
SELECT (SELECT count(*) FROM room), (SELECT count(*) FROM room WHERE firm AND NOT %(firm)s),
       (SELECT count(*) FROM room WHERE free <= 0 AND (%(firm)s OR NOT firm)),
       count(*), count(*) FILTER (WHERE free < %(more)s), count(*) FILTER (WHERE gold AND NOT firm),
       coalesce(sum(least(free, %(more)s)), 0)
FROM getting
