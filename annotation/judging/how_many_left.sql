-- Of how many pairs a person may still judge a slot: open, and without an opinion of theirs that stands.
--
-- Parameters
--   project  bigint   whose queue
--   person   bigint   who asks
--   judge    bigint   who the person is among the project's judges, NULL where they are none yet
--   at_most  integer  where counting stops
--   blind    boolean  whether a slot without a mode of its own may be blind in this project
--   unaided  boolean  whether such a slot never shows the model's label before the answer
--
-- Without the limit, the count would take as long as the queue is.
-- Without `+ 0`, PostgreSQL would read all judgments of the judge instead of those of the pair: it expects few of each while
-- the table is young, and a judge has thousands.
-- Without annotation_evidencecheck, pairs would be counted that the person is never given, since they know their evidence.
-- Without annotation_seenopinions, who has read what others said would judge as if they had not; without the second
-- annotation_lease, so would who put off a card that showed them the model's label. Without COALESCE and LIMIT, PostgreSQL
-- would join both with all slots and sort them.
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
  AND NOT COALESCE((
    SELECT true FROM annotation_seenopinions o WHERE o.pair_id = s.pair_id AND o.person_id = %(person)s LIMIT 1), false)
  AND NOT ((s.mode IN ('blind', 'facts') OR (s.mode = '' AND %(unaided)s)) AND COALESCE((
    SELECT true FROM annotation_lease l
    WHERE l.pair_id = s.pair_id AND l.person_id = %(person)s AND l.prediction_id IS NOT NULL LIMIT 1), false))
  ORDER BY s.position LIMIT %(at_most)s) AS waiting
