"""Foreign pictures: never trusted, never shown as they came.

- `allowed_hosts` the hosts that a lead allows; `addresses` how an address must look, and which places none may lead to
- `fetching`    each address a job; `fetching_child` alone opens connections, without credentials
- `decoding`, `decoding_child` decoded and drawn anew by processes under limits, in the
  `colours` that a browser would show on white
- `images`     kept under the hash of what we made of them; `snapshot_pictures` which there are to see of a snapshot
- `printed_words` what a reader of words found, and which of it counts; `readers` which one there is here; `ocr_child` where
  rapidocr looks at pictures, under limits
- `reading_words` each picture a job for the reader; `snapshot_words` what was read off a snapshot's pictures
- `views`, `image_views` how far fetching is, and the pictures themselves

Others use `snapshot_pictures`, `snapshot_words` and `images`.
"""
