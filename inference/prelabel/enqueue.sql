-- One job for each pair of a project that a run is asked for, save those that the model has answered already. Says how many
-- pairs were asked for, and how many of them it knows.
--
-- Parameters
--   run        bigint    whose jobs these are
--   project    bigint    whose pairs
--   only       text      which of them: '' all, else missing, failed or stale
--   model      bigint    who will be asked
--   older      bigint[]  the models that judged the project before this one
--   rule_base  bigint    the rules it will be asked by
--   prompted   boolean   whether it is asked with a prompt
--   extractor  text      of the grids it will see, but for readings and cells that were put right
--   sampling   jsonb     how it will be sampled
--
-- `mine`: versions of the model under other prompts or rules count as the same model.
-- `known`: this very model has given an answer that can be used under the same rules and grid, so the question would have
-- the same key. An answer that cannot be used is found by that key too, by its job, and counted as what it is. A large
-- model's question also depends on knowledge, guideline and prompt: there the key alone decides, when the job is worked on.
--
-- Without one statement, each pair of the project would come as an object to be asked whether it is answered, and go back as
-- a job.
-- Without NOT MATERIALIZED, the pairs of a project are written aside first, though three of four branches are empty.
-- Without ORDER BY, the items of a query do not stand together and share no prefix in the cache of the model's server.
WITH mine AS (
  SELECT other.id FROM inference_modelversion other JOIN inference_modelversion this ON this.id = %(model)s
  WHERE (other.name, other.engine, other.target, other.role) = (this.name, this.engine, this.target, this.role)),
pairs AS NOT MATERIALIZED (
  SELECT p.id, p.query_id, i.current_snapshot_id AS snapshot_id
  FROM catalogue_pair p JOIN catalogue_item i ON i.id = p.item_id JOIN catalogue_query q ON q.id = p.query_id
  WHERE p.project_id = %(project)s AND q.erased_at IS NULL AND i.current_snapshot_id IS NOT NULL),
chosen AS (
  SELECT * FROM pairs WHERE %(only)s::text = ''
  UNION ALL
  -- The model has never answered.
  SELECT * FROM pairs p WHERE %(only)s::text = 'missing' AND NOT EXISTS (
    SELECT FROM inference_prediction x
    WHERE x.pair_id = p.id AND x.model_id IN (SELECT id FROM mine) AND x.status = 'ok')
  UNION ALL
  -- It has no answer about the item as it is now, and one came out invalid or its job died.
  SELECT * FROM pairs p WHERE %(only)s::text = 'failed'
    AND NOT EXISTS (
      SELECT FROM inference_prediction x
      WHERE x.pair_id = p.id AND x.model_id IN (SELECT id FROM mine) AND x.status = 'ok'
        AND x.snapshot_id = p.snapshot_id)
    AND (EXISTS (
      SELECT FROM inference_prediction x
      WHERE x.pair_id = p.id AND x.model_id IN (SELECT id FROM mine) AND x.status = 'invalid')
    OR EXISTS (
      SELECT FROM inference_prelabeljob j JOIN inference_prelabelrun r ON r.id = j.run_id
      WHERE j.pair_id = p.id AND j.state = 'dead' AND r.model_id IN (SELECT id FROM mine)))
  UNION ALL
  -- Answered by it under other prompts, rules or facts, or by a model that judged the project before it, and not as it is now.
  SELECT * FROM pairs p WHERE %(only)s::text = 'stale'
    AND EXISTS (
      SELECT FROM inference_prediction x
      WHERE x.pair_id = p.id AND x.status = 'ok'
        AND (x.model_id IN (SELECT id FROM mine) OR x.model_id = ANY(%(older)s::bigint[])))
    AND NOT EXISTS (
      SELECT FROM inference_prediction x
      WHERE x.pair_id = p.id AND x.status = 'ok' AND x.model_id = %(model)s AND x.rule_base_id = %(rule_base)s
        AND x.snapshot_id = p.snapshot_id)),
wanted AS (
  SELECT c.id AS pair_id, c.query_id, c.snapshot_id,
    NOT %(prompted)s AND EXISTS (
      SELECT FROM inference_prediction x JOIN catalogue_grid g ON g.id = x.grid_id
      WHERE x.pair_id = c.id AND x.snapshot_id = c.snapshot_id AND x.model_id = %(model)s
        AND x.rule_base_id = %(rule_base)s AND x.status = 'ok' AND g.extractor = %(extractor)s || evidence_key(c.query_id, c.snapshot_id)
        AND x.sampling = %(sampling)s::jsonb) AS known
  FROM chosen c),
made AS (
  INSERT INTO inference_prelabeljob (run_id, pair_id, snapshot_id, state, attempts, error)
  SELECT %(run)s, pair_id, snapshot_id, 'queued', 0, '' FROM wanted WHERE NOT known ORDER BY query_id, pair_id)
SELECT count(*), count(*) FILTER (WHERE known) FROM wanted
