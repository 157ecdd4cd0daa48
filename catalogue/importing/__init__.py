"""From a file to items, pairs and what came with them.

- `receiving`, `program_imports`, `command_imports` how a file arrives: by a person, program (told by
  `program_answers`), command; `forms`, `views` its pages
- `reading`    how it is to be read, as they say; `reading_forms` asks a person; `encodings` make its text UTF-8,
  `encoding_guess` says which it may be in
- `opening`    the files of an import as one stream of rows
- `joining/`   several files that belong together, as the rows of one
- `shapes/`    files of other programs and our own exports, which are no table of pairs, as rows
- `readers`    the `rows` of a file, one by one, under `limits`; of JSON by `json_rows`, of CSV and TSV by `delimited` below
  their `header_line`, of Parquet by `parquet` from `parquet_child`, which reads the file, `arrow_rows` its batches,
  `class_names` what numbers mean; of Excel files by `xlsx` from `xlsx_child`
- `inspecting`, `presets`, `released_sets`, `guessing`, `column_names`, `cells`, `mapping` what its columns and cells mean here;
  `rest_of_columns` those that mean nothing, `named_items` rows that only name an item of the project
- `prices`     amounts with their currency
- `raters`     whose a label is: a rater's, or the final one; `rater_hints` columns that look like raters
- `predictions` what a model outside of here predicted, and the file as its origin
- `label_values`, `label_consent` which values its labels have, what each is and by whose word; `label_fields` the same on
  the form, `label_reading` one of them, `project_scale` in which scale the project judges
- `taking_in`  rows on their way, chunk by chunk; `running` the job that commits them, `looking` the look that takes them back
- `report`     what either says of the file, of `columns_seen` too; `report_words` in words, `nothing_in` why nothing went in
- `reasons`    why a row does not go in, in no language, put into words for whoever reads it
- `written_pictures` those that stand in a row itself
- `storing`    a chunk of records as rows: `items` and snapshots, queries and pairs; `novelty` what is news, `conflicts` labels
  that are not what stands, `pictures` which of those that a row names are there. What labels and ratings mean for people is
  said by who takes `storing.chunk_stored`
"""
