"""Foreign pictures: never trusted, never shown as they came.

- `sources`, `addresses` where they may come from, and which places no address may lead to
- `fetching`, `fetching_child` each address a job, fetched by a process without credentials
- `decoding`, `decoding_child` decoded and drawn anew by processes under limits
- `images`     kept under the hash of what we made of them; `snapshot_pictures` which there are to see of a snapshot
- `views`, `image_views` how far fetching is, and the pictures themselves

Others use `snapshot_pictures` and `images`.
"""
