"""The bytes of one file as rows, or why it cannot be read. Knows nothing of pairs and projects. Read `rows`, then `readers`.

- `rows`       a row as it came, and the refusals of a row and of a file; `limits` what a file may cost, `unfolding` holds it
- `readers`    the rows of a file, one by one, whatever it is
- `read_as`    how it is to be read, as a person says; `encodings` make its text UTF-8, `encoding_guess` says which it may be in
- `json_rows`  JSON lines and lists
- `delimited`  CSV and TSV, below their `header_line`
- `parquet`    from `parquet_child`, which reads the file; `arrow_rows` its batches, `class_names` what numbers mean
- `xlsx`       Excel, from `xlsx_child`
"""
