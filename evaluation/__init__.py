"""Models measured: where suites and comparisons of models belong.

- `measuring`   a model on pairs whose label is known: what it says, and the figures; `comparing` a new one beside the active one
- `canary`      who falls for item text that talks to it; `canary_jobs` asked for in the browser
- `calibrating` what a model's confidence is worth
- `views`, `urls` where both are asked for
"""
