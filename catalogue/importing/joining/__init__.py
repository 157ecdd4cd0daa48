"""Files of one source that belong together: pairs, and beside them the texts of their queries and what is said of their items.

- `roles`      which file is what, by its columns; read it first
- `side_table` the rows of a file by their key, on disk
- `joined`     the pairs, each with what the other files say
- `part_hints` one file of a known set alone, in words
"""
