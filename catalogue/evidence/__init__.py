"""What a query asks and what an item answers, read once and kept.

- `lexicons`    the words a project's queries are read with, learnt from its catalogue
- `readings`    what a query asks for, and who says so: a person, a model, the tagger
- `tagger_learning` the shipped tagger of queries, made anew from public data
- `grids`       evidence grids as rows, shared by card, prompt and hard set
- `correcting`  people put a reading or a cell right, and take that back
- `remaking`    readings and grids made anew, as a job; `views` its page
- `other_items` the first items of a query, beside which a learnt model sees each
"""
