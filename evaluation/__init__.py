"""Models measured: where suites and comparisons of models belong.

- `canary`      who falls for item text that talks to it; `canary_jobs` asked for in the browser
- `calibrating` what a model's confidence is worth
- `views`, `urls` where both are asked for
"""
