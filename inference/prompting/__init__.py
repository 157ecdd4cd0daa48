"""The words that are sent to a model.

- `prompts`, `prompt_versions` templates with checked placeholders, as files (`shipped/`) and as rows
- `rendering`   from a question to its words: fixed part first, the item last; `item_text` an item within a budget
- `guiding`, `captioning` what is asked before: once about a query, once about a picture
- `query_spans` a query's reading as pieces with dimensions, held against the query
- `trained`     the words of training rows
"""
