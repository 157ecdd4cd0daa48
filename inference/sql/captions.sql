-- The door (database/doors.py) through which what captions say leaves with a project. Applied by migration 0008.

-- Captions are shared: a picture is described once per question, and the question holds a query. What no prediction of a project
-- that stays points to, and a prediction or a picture of the one that leaves does, says nothing from then on; the row stays empty,
-- so that whoever is about to point to it still may, and nobody finds it again.
CREATE FUNCTION empty_captions_of(leaving bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE emptied bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM projects_project p JOIN projects_deletion d ON d.project_id = p.id
                 WHERE p.id = leaving AND p.archived_at IS NOT NULL) THEN
    RAISE EXCEPTION 'project % is not one that is archived and to be deleted', leaving USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM set_config('lore.forgetting', 'on', true);
  UPDATE inference_caption c SET question = '', text = '', image_sha256 = '', question_sha256 = 'empty ' || c.id
  WHERE c.image_sha256 <> '' AND (
      c.id IN (SELECT p.caption_id FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
               WHERE pair.project_id = leaving AND p.caption_id IS NOT NULL)
      OR c.image_sha256 IN (SELECT sha256 FROM catalogue_image WHERE project_id = leaving))
    AND NOT EXISTS (
      SELECT 1 FROM inference_prediction p JOIN catalogue_pair pair ON pair.id = p.pair_id
      WHERE p.caption_id = c.id AND pair.project_id NOT IN (SELECT project_id FROM projects_deletion));
  GET DIAGNOSTICS emptied = ROW_COUNT;
  PERFORM set_config('lore.forgetting', 'off', true);
  RETURN emptied;
END $$;
