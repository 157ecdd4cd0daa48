-- Which prediction counts now, in one place for every reader. Applied by migration 0002.
--
-- Plain joins, no DISTINCT ON: so the planner may start from one pair or from a project.

-- The newest ok prediction by the model that is active in the pair's project, on the item's current snapshot. That is
-- wrapped: at a bare equality beside the item's key the planner promises one row where there are 500,000, and goes row by row.
CREATE VIEW inference_standingprediction AS
SELECT r.id, r.pair_id, r.snapshot_id, r.model_id, r.rule_base_id, r.grid_id, r.caption_id, r.guideline_id, r.knowledge,
       r.prompt_digest, r.sampling, r.key_sha256, r.status, r.reason, r.label, r.mismatch, r.posterior, r.margin,
       r.confidence, r.calibration_id, r.chain, r.samples, r.contradicts, r.moved, r.signals, r.tokens_in, r.tokens_out,
       r.tokens_cached, r.seconds, r.created_at
FROM inference_prediction r
JOIN catalogue_pair p ON p.id = r.pair_id
JOIN catalogue_item i ON i.id = p.item_id AND coalesce(i.current_snapshot_id = r.snapshot_id, false)
JOIN inference_activemodel a ON a.project_id = p.project_id AND a.role = 'judge' AND a.model_id = r.model_id
WHERE r.status = 'ok'
  AND NOT EXISTS (
    SELECT FROM inference_prediction newer
    WHERE newer.pair_id = r.pair_id AND newer.id > r.id AND newer.status = 'ok' AND newer.model_id = r.model_id
      AND newer.snapshot_id = r.snapshot_id);
