"""Knowledge cards: what helps to understand a query beside the catalogue.

- `retrieval`   which cards a query is told, and why; `index_terms` how both are indexed
- `history`     cards as they are written, every wording kept
- `files`, `from_catalogue` cards by the hundred, `file_jobs` as a job; `forms`, `views` by hand
"""
