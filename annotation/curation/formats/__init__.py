"""Kinds of exports, one a file; exports, their pages, the command and the API read them from one table.

- `table`      which there are, by code
- `shape`      what a kind says of itself, and what it is given to write
- `sft`, `labels` the kinds
"""
