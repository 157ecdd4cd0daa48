-- The slot that a person takes next, third try: what was left behind them, or given back there, from the start.
--
-- Parameters
--   project  bigint   whose queue
--   person   bigint   who asks, and must neither hold the pair in this round nor have an opinion of it that stands
--   judge    bigint   who they are among the project's judges
--   cursor   bigint   the position of the pair that they held last, 0 before the first
--   blind    boolean  whether a slot without a mode of its own may be blind in this project
--   unaided  boolean  whether such a slot never shows the model's label before the answer
--
-- Without FOR UPDATE, two people could take the same slot; without SKIP LOCKED, the second would wait for the first.
-- Without `+ 0`, PostgreSQL would read all judgments of the judge instead of those of the pair: it expects few of each while
-- the table is young, and a judge has thousands.
-- Without `j.round >= s.round`, who answered in a later round would be asked once more, for an answer that would not count.
-- Without annotation_evidencecheck, who has marked a pair's evidence would be asked to judge it as if they had not seen it.
-- Without annotation_seenopinions, who has read what others said would judge as if they had not; without the second
-- annotation_lease, so would who put off a card that showed them the model's label. Without COALESCE and LIMIT, PostgreSQL
-- would join both with all slots and sort them.
SELECT s.id FROM annotation_slot s
WHERE s.project_id = %(project)s AND s.state = 'open' AND s.position < %(cursor)s
  AND NOT COALESCE((
    SELECT bool_or(said.outcome <> 'withdrawn') FROM (
      SELECT DISTINCT ON (j.round) j.outcome FROM annotation_judgment j
      WHERE j.pair_id = s.pair_id AND j.round >= s.round AND j.judge_id + 0 = %(judge)s
      ORDER BY j.round, j.revision DESC) AS said), false)
  AND NOT EXISTS (
    SELECT 1 FROM annotation_lease l
    WHERE l.pair_id = s.pair_id AND l.round = s.round AND l.person_id = %(person)s AND l.state = 'live')
  AND NOT EXISTS (
    SELECT 1 FROM annotation_postponement p JOIN annotation_slot put_off ON put_off.id = p.slot_id
    WHERE put_off.pair_id = s.pair_id AND put_off.round = s.round AND p.person_id = %(person)s)
  AND NOT EXISTS (
    SELECT 1 FROM annotation_evidencecheck c
    WHERE c.pair_id = s.pair_id AND c.judge_id = %(judge)s AND (s.mode = 'blind' OR (s.mode = '' AND %(blind)s)))
  AND NOT COALESCE((
    SELECT true FROM annotation_seenopinions o WHERE o.pair_id = s.pair_id AND o.person_id = %(person)s LIMIT 1), false)
  AND NOT ((s.mode IN ('blind', 'facts') OR (s.mode = '' AND %(unaided)s)) AND COALESCE((
    SELECT true FROM annotation_lease l
    WHERE l.pair_id = s.pair_id AND l.person_id = %(person)s AND l.prediction_id IS NOT NULL LIMIT 1), false))
ORDER BY s.position, s.number
FOR UPDATE OF s SKIP LOCKED LIMIT 1
