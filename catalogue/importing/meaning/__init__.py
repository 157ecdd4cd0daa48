"""From foreign columns and cells to a record in our words. Read `mapping` first.

- `inspecting` the head of a file: its columns, and what they mean
- `presets`, `released_sets` files that are known; `guessing` the others, by `column_names`
- `mapping`    a row becomes a record, by `places`, `cells`, `prices` and `rest_of_columns`, those that mean nothing
- `raters`     whose a label is: a rater's, or the final one; `rater_hints` columns that look like raters
- `predictions` what a model outside of here predicted, and the file as its origin
"""
