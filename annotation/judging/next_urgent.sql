-- The slot that a person takes next, first try: what is urgent, in its order. Stale labels that are to be judged again
-- (annotation.standard.rejudging) have positions below 0.
--
-- Parameters
--   project  bigint   whose queue
--   person   bigint   who asks, and must neither hold the pair in this round nor have an opinion of it that stands
--   judge    bigint   who they are among the project's judges
--   blind    boolean  whether a slot without a mode of its own may be blind in this project
--
-- Without FOR UPDATE, two people could take the same slot; without SKIP LOCKED, the second would wait for the first.
-- Without `+ 0`, PostgreSQL would read all judgments of the judge instead of those of the pair: it expects few of each while
-- the table is young, and a judge has thousands.
-- Without `j.round >= s.round`, who answered in a later round would be asked once more, for an answer that would not count.
-- Without annotation_evidencecheck, who has marked a pair's evidence would be asked to judge it as if they had not seen it.
SELECT s.id FROM annotation_slot s
WHERE s.project_id = %(project)s AND s.state = 'open' AND s.position < 0
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
ORDER BY s.position, s.number
FOR UPDATE OF s SKIP LOCKED LIMIT 1
