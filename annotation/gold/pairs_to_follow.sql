-- The next pairs of a project, by their ids, that may have to follow another active model: predicted, judged, or in a dispute
-- with the model before. Says of each whether settling may change it.
--
-- Parameters
--   project  bigint   whose pairs
--   first    bigint   the lowest id that is looked at
--   most     integer  pairs
--
-- Without a limit in each part, a step would read every such pair of the project to find its first ones.
WITH next AS (
  (SELECT id FROM catalogue_pair WHERE project_id = %(project)s AND predicted AND id >= %(first)s ORDER BY id LIMIT %(most)s)
  UNION
  (SELECT id FROM catalogue_pair WHERE project_id = %(project)s AND judged AND id >= %(first)s ORDER BY id LIMIT %(most)s)
  UNION
  (SELECT pair_id FROM annotation_disagreement
   WHERE project_id = %(project)s AND state = 'open' AND kind = 'human_model' AND pair_id >= %(first)s
   ORDER BY pair_id LIMIT %(most)s)
  ORDER BY 1 LIMIT %(most)s)
SELECT p.id, p.judged OR EXISTS (
  SELECT FROM annotation_disagreement d WHERE d.pair_id = p.id AND d.state = 'open' AND d.kind = 'human_model')
FROM next JOIN catalogue_pair p ON p.id = next.id ORDER BY p.id
