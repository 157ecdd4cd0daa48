"""From a file to items, pairs and what came with them. Follow a file: `receiving`, `opening`, `taking_in`, `storing`.

- `receiving`, `program_imports`, `command_imports` how a file arrives: by a person, program (told by
  `program_answers`), command; `forms`, `views` its pages, `reading_forms` how it is to be read
- `opening`    the files of an import as one stream of rows
- `reading/`   the bytes of one file as rows
- `joining/`   several files that belong together, as the rows of one
- `shapes/`    files of other programs and our own exports, which are no table of pairs, as rows
- `meaning/`   what columns and cells mean here, up to a record in our words
- `labels/`    what values of labels are, and by whose word
- `taking_in`  rows on their way, chunk by chunk; `running` the job that commits them, `looking` the look that takes them back;
  `originals` how long an uploaded file is kept
- `report`     what either says of the file, of `columns_seen` too; `report_words` in words, `nothing_in` why nothing went in
- `reasons`    why a row does not go in, in no language, put into words for whoever reads it
- `storing`    a chunk of records as rows: `items` and snapshots, queries and pairs; `named_items` rows that only name an item,
  `novelty` what is news, `pictures` which of those that a row names are there, `written_pictures` those that stand in a row.
  What labels and ratings mean for people is said by who takes `storing.chunk_stored`
"""
