"""Pairs as people look for them.

- `finding`     filters, words, keyset pages; `choosing` which pairs an act is about
- `more_judgments` so many further slots on each of the chosen
- `erasing` the text of a query that is to be forgotten
- `views`, `more_judgments_views`, `erasing_views` its pages; `evidence_views` where people say that evidence is wrong
"""
