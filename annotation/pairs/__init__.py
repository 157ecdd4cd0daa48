"""Pairs as people look for them.

- `finding`     filters, words, keyset pages; `choosing` which pairs an act is about
- `more_judgments` so many further slots on each of the chosen
- `views`, `more_judgments_views` its pages
"""
