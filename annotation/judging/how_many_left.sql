-- Of how many pairs a person may still judge a slot: open, and without an opinion of theirs that stands.
--
-- Parameters
--   project  bigint   whose queue
--   judge    bigint   who the person is among the project's judges, NULL where they are none yet
--   at_most  integer  where counting stops
--   blind    boolean  whether a slot without a mode of its own may be blind in this project
--
-- Without the limit, the count would take as long as the queue is.
-- Without `+ 0`, PostgreSQL would read all judgments of the judge instead of those of the pair: it expects few of each while
-- the table is young, and a judge has thousands.
-- Without annotation_evidencecheck, pairs would be counted that the person is never given, since they know their evidence.
SELECT count(*) FROM (
  SELECT DISTINCT s.position FROM annotation_slot s
  WHERE s.project_id = %(project)s AND s.state = 'open' AND NOT COALESCE((
    SELECT bool_or(said.outcome <> 'withdrawn') FROM (
      SELECT DISTINCT ON (j.round) j.outcome FROM annotation_judgment j
      WHERE j.pair_id = s.pair_id AND j.round >= s.round AND j.judge_id + 0 = %(judge)s
      ORDER BY j.round, j.revision DESC) AS said), false)
  AND NOT EXISTS (
    SELECT 1 FROM annotation_evidencecheck c
    WHERE c.pair_id = s.pair_id AND c.judge_id = %(judge)s AND (s.mode = 'blind' OR (s.mode = '' AND %(blind)s)))
  ORDER BY s.position LIMIT %(at_most)s) AS waiting
