-- The lines that were read off the pictures of snapshots, of each picture the newest reading, in the order of the pictures: those
-- that came with the file, then those that an address brought. Pictures are the project's own.
--
--   snapshots  bigint[]  of which snapshots
WITH shown AS (
  SELECT s.id AS snapshot, m.id AS image, 0 AS came, named.place
  FROM catalogue_snapshot s
  JOIN catalogue_item i ON i.id = s.item_id
  CROSS JOIN LATERAL jsonb_array_elements_text(s.images) WITH ORDINALITY AS named (hash, place)
  JOIN catalogue_image m ON m.project_id = i.project_id AND m.sha256 = named.hash
  WHERE s.id = ANY(%(snapshots)s::bigint[])
  UNION ALL
  SELECT s.id, f.image_id, 1, named.place
  FROM catalogue_snapshot s
  JOIN catalogue_item i ON i.id = s.item_id
  CROSS JOIN LATERAL jsonb_array_elements_text(s.image_addresses) WITH ORDINALITY AS named (address, place)
  JOIN catalogue_picturefetch f ON f.project_id = i.project_id AND f.address = named.address
  WHERE s.id = ANY(%(snapshots)s::bigint[]) AND f.image_id IS NOT NULL
)
SELECT shown.snapshot, read.reader, read.lines
FROM shown
-- Without the newest alone a picture that a later reader found empty would keep the words of an earlier one.
CROSS JOIN LATERAL (
  SELECT w.reader, w.state, w.lines FROM catalogue_picturewords w
  WHERE w.image_id = shown.image AND w.state <> 'failed' ORDER BY w.id DESC LIMIT 1
) AS read
WHERE read.state = 'read'
ORDER BY shown.snapshot, shown.came, shown.place
