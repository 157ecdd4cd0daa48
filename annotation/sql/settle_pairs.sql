-- How pairs are settled, any number of them in one go: gold by consensus, and which disagreements are open. Applied by
-- migration 0002. The only place of these rules: judging, undo, adjudication, imports, new predictions and a newly active
-- model call it. `from_lore` says what L1 to L4 are in the scale of the pairs' project; all of them are of one project.
--
-- Enough opinions stand on a pair when they are as many as its slots: those not closed that replace nothing, the
-- project's wish where it has none. A gold label that is there stays when more are asked for: it needs no more than it
-- rests on, until somebody says otherwise or takes an answer back.
--
-- Without the setting, a connection whose plans were made while the tables were empty would read them whole ever after.
CREATE FUNCTION settle_pairs(settled bigint[], from_lore jsonb) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  -- Without the lock two people who answer at once would each settle without seeing the other. Not the key: whoever takes
  -- the pair's other slot meanwhile names the pair, and need not wait.
  PERFORM FROM catalogue_pair WHERE id = ANY(settled) ORDER BY id FOR NO KEY UPDATE;

  WITH pairs AS MATERIALIZED (
    SELECT p.id, p.project_id, i.current_snapshot_id AS snapshot_id, project.overlap
    FROM catalogue_pair p JOIN catalogue_item i ON i.id = p.item_id JOIN projects_project project ON project.id = p.project_id
    WHERE p.id = ANY(settled)),
  golds AS MATERIALIZED (
    SELECT DISTINCT ON (pair_id) pair_id, revision, label, mismatch, ground, judgments,
           bool_or(ground = 'adjudication') OVER of_pair AS adjudicated, bool_or(ground = 'import') OVER of_pair AS imported
    FROM annotation_gold WHERE pair_id = ANY(settled) WINDOW of_pair AS (PARTITION BY pair_id)
    ORDER BY pair_id, revision DESC),
  slots AS (
    SELECT pair_id, count(*) AS wanted FROM annotation_slot
    WHERE pair_id = ANY(settled) AND state <> 'closed' AND replaces_id IS NULL GROUP BY pair_id),
  needs AS MATERIALIZED (
    SELECT pairs.id AS pair_id, least(
      coalesce(slots.wanted, pairs.overlap),
      CASE WHEN golds.ground = 'consensus' AND golds.label <> '' THEN jsonb_array_length(golds.judgments) END) AS opinions
    FROM pairs LEFT JOIN slots ON slots.pair_id = pairs.id LEFT JOIN golds ON golds.pair_id = pairs.id),
  voices AS MATERIALIZED (
    SELECT id, pair_id, outcome, label, mismatch, batch_id IS NOT NULL AS imported
    FROM annotation_standingjudgment WHERE pair_id = ANY(settled)),

  -- Gold by consensus, above which stand imported and adjudicated gold.
  said AS (
    SELECT v.pair_id, min(v.label) AS label, (array_agg(v.mismatch ORDER BY v.id))[1] AS mismatch,
           jsonb_agg(v.id ORDER BY v.id) AS judgments
    FROM voices v JOIN needs ON needs.pair_id = v.pair_id
    GROUP BY v.pair_id, needs.opinions
    HAVING count(*) >= needs.opinions AND bool_and(v.outcome = 'label') AND min(v.label) = max(v.label)),
  made AS (
    INSERT INTO annotation_gold (pair_id, revision, label, mismatch, ground, snapshot_id, judgments)
    SELECT pairs.id, coalesce(golds.revision, 0) + 1, coalesce(said.label, ''), coalesce(said.mismatch, ''), 'consensus',
           pairs.snapshot_id, coalesce(said.judgments, golds.judgments)
    FROM pairs LEFT JOIN golds ON golds.pair_id = pairs.id LEFT JOIN said ON said.pair_id = pairs.id
    WHERE coalesce(golds.ground, 'consensus') = 'consensus'
      AND (coalesce(golds.label, ''), coalesce(golds.mismatch, '')) <> (coalesce(said.label, ''), coalesce(said.mismatch, ''))
    RETURNING pair_id, label),
  labelled AS (
    UPDATE catalogue_pair p SET gold_label = made.label FROM made WHERE p.id = made.pair_id),

  -- What differs: among people, and between people who agree and the model. Nothing more on an adjudicated pair; imported
  -- ratings open nothing where imported gold exists.
  heard AS MATERIALIZED (
    SELECT v.pair_id, array_agg(v.id) AS judgments, count(*) AS opinions, min(v.label) AS label,
           count(DISTINCT (v.outcome, v.label)) > 1 AS differ, bool_and(v.outcome = 'label') AS labelled
    FROM voices v LEFT JOIN golds ON golds.pair_id = v.pair_id
    WHERE NOT (v.imported AND coalesce(golds.imported, false)) GROUP BY v.pair_id),
  open AS MATERIALIZED (
    SELECT id, pair_id, kind, prediction_id FROM annotation_disagreement WHERE pair_id = ANY(settled) AND state = 'open'),
  verdicts AS MATERIALIZED (
    SELECT pairs.id AS pair_id, pairs.project_id, kind.name AS kind, heard.judgments, told.id AS prediction_id,
           CASE kind.name WHEN 'human_human' THEN coalesce(heard.differ, false) ELSE told.id IS NOT NULL END AS holds
    FROM pairs JOIN needs ON needs.pair_id = pairs.id
    CROSS JOIN (VALUES ('human_human'), ('human_model')) AS kind(name)
    LEFT JOIN golds ON golds.pair_id = pairs.id
    LEFT JOIN heard ON heard.pair_id = pairs.id
    LEFT JOIN LATERAL (
      SELECT id FROM inference_standingprediction t
      WHERE kind.name = 'human_model' AND t.pair_id = pairs.id AND heard.opinions >= needs.opinions
        AND NOT heard.differ AND heard.labelled AND from_lore ->> t.label <> heard.label) told ON true
    WHERE NOT coalesce(golds.adjudicated, false)),
  opened AS (
    INSERT INTO annotation_disagreement (project_id, pair_id, kind, state, prediction_id)
    SELECT v.project_id, v.pair_id, v.kind, 'open', v.prediction_id FROM verdicts v
    WHERE v.holds AND NOT EXISTS (SELECT FROM open WHERE open.pair_id = v.pair_id AND open.kind = v.kind)
    RETURNING id, pair_id, kind),
  followed AS (
    UPDATE annotation_disagreement d
    SET state = CASE WHEN v.holds THEN 'open' ELSE 'withdrawn' END, prediction_id = coalesce(v.prediction_id, d.prediction_id),
        closed_at = CASE WHEN v.holds THEN d.closed_at ELSE clock_timestamp() END
    FROM open JOIN verdicts v ON v.pair_id = open.pair_id AND v.kind = open.kind
    WHERE d.id = open.id AND (NOT v.holds OR v.prediction_id IS DISTINCT FROM open.prediction_id)),
  ground AS MATERIALIZED (
    SELECT d.id AS disagreement_id, v.judgments
    FROM verdicts v
    JOIN (SELECT id, pair_id, kind FROM open UNION ALL SELECT id, pair_id, kind FROM opened) d
      ON d.pair_id = v.pair_id AND d.kind = v.kind
    WHERE v.holds),
  dropped AS (
    DELETE FROM annotation_disagreement_judgments m USING ground
    WHERE m.disagreement_id = ground.disagreement_id AND m.judgment_id <> ALL(ground.judgments))
  INSERT INTO annotation_disagreement_judgments (disagreement_id, judgment_id)
  SELECT disagreement_id, unnest(judgments) FROM ground ON CONFLICT DO NOTHING;
END $$;
