-- For each of many queries the knowledge cards that may be about it: those that hold one of its keys, then those that hold
-- most of its words. `n` numbers the queries from 1; `total` and `in_key` say how many of the query's words a card holds,
-- and how many of these stand in its key.
--
-- Parameters
--   project   bigint   whose cards
--   keys      text[]   of each query its keys, as a tsquery: one of them is enough
--   together  text[]   of each query words that are to be met together, as a tsquery
--   any       text[]   of each query its words as a tsquery, by which cards are ranked
--   words     text[]   of each query its words, separated by spaces
--   most      integer  cards of a query
--
-- Without OFFSET 0, the planner would read a project's cards by the index of their keys instead of asking the one of the
-- words, as long as its statistics are young.
SELECT asked.n, found.id, found.rank, held.total, held.in_key
FROM unnest(%(keys)s::text[], %(together)s::text[], %(any)s::text[], %(words)s::text[])
  WITH ORDINALITY AS asked(keys, together, any_word, words, n)
CROSS JOIN LATERAL (
  SELECT id, search, search @@ asked.keys::tsquery AS by_key,
    ts_rank_cd(search, asked.any_word::tsquery, 32) AS rank
  FROM (
    SELECT id, search, project_id, retired FROM inference_knowledgecard
    WHERE search @@ asked.keys::tsquery OR search @@ asked.together::tsquery OFFSET 0
  ) met
  WHERE project_id = %(project)s AND NOT retired
  ORDER BY by_key DESC, rank DESC, id LIMIT %(most)s
) found
CROSS JOIN LATERAL (
  SELECT count(*) AS total, count(*) FILTER (WHERE word = ANY(key_words)) AS in_key
  FROM unnest(tsvector_to_array(found.search)) AS word,
    (SELECT tsvector_to_array(ts_filter(found.search, '{a}')) AS key_words) AS key
  WHERE word = ANY(string_to_array(asked.words, ' '))
) held
ORDER BY asked.n, found.by_key DESC, found.rank DESC, found.id
