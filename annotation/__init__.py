"""People: they judge pairs, what they differ in is settled, and what they said is kept, measured and taken away.

Read `models/judging` first, then `judging/recording` (a verdict's way), then `gold/settling` with `sql/`.

- `judging/`    who judges what next, what they see, how it is recorded
- `evidence_checks/` whether the evidence is right, by category, and what is shown because of it
- `gold/`       which opinions stand, gold and disputes, what imports and predictions mean for people
- `trust/`      what may measure a model or people, and the figures
- `standard/`   the rule owner's desk: back-tests, stale labels, weak spots
- `curation/`   hard sets and exports
- `bad_cases/`  results that someone flagged
- `pairs/`      pairs found, looked at, given more judgments
- `overview`    where a project stands; `overview_views` its page
- `api`         what programs may do with exports and bad cases; `urls` pages

Others use the models, `trust/`, `gold.opinions`.
"""
