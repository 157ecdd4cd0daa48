-- Which judgments count now, in one place for every reader. Applied by migration 0002.
--
-- Anti-joins, no DISTINCT ON: so the planner may start from one pair, from a project or from the
-- judgments that came last. Without that, reading one project sorts the judgments of all.
-- `revision > 1`, `round > 1` and `IS NOT NULL` follow from what stands beside them and say to the planner that such rows
-- are few. Without them a project of a million pairs takes eight times as long (benchmarks.standing).

-- Of each judge the last revision of the latest round, not withdrawn, and not judged again by an answer that stands.
CREATE VIEW annotation_standingjudgment AS
SELECT j.id, j.pair_id, j.judge_id, j.round, j.revision, j.slot_id, j.snapshot_id, j.outcome, j.label, j.mismatch,
       j.reason, j.no_rule_fits, j.note, j.mode, j.grid_id, j.rule_base_id, j.prediction_id, j.late, j.seconds,
       j.batch_id, j.recorded_at
FROM annotation_judgment j
WHERE j.outcome <> 'withdrawn'
  AND NOT EXISTS (
    SELECT FROM annotation_judgment later
    WHERE later.pair_id = j.pair_id AND later.judge_id = j.judge_id AND later.round = j.round
      AND later.revision > j.revision AND later.revision > 1)
  AND NOT EXISTS (
    SELECT FROM annotation_judgment newer
    WHERE newer.pair_id = j.pair_id AND newer.judge_id = j.judge_id AND newer.round > j.round
      AND newer.round > 1 AND newer.outcome <> 'withdrawn'
      AND NOT EXISTS (
        SELECT FROM annotation_judgment later
        WHERE later.pair_id = newer.pair_id AND later.judge_id = newer.judge_id AND later.round = newer.round
          AND later.revision > newer.revision AND later.revision > 1))
  AND NOT EXISTS (
    SELECT FROM annotation_judgment again
    WHERE again.replaces_id = j.id AND again.replaces_id IS NOT NULL AND again.outcome <> 'withdrawn'
      AND NOT EXISTS (
        SELECT FROM annotation_judgment later
        WHERE later.pair_id = again.pair_id AND later.judge_id = again.judge_id AND later.round = again.round
          AND later.revision > again.revision AND later.revision > 1));
