"""Asking models: which there are, what they are told, how they answer, and what they said of pairs.

Read `pipeline` first (a pair's way to a prediction), then `asking`, the one door through which anybody asks, then `models/`.

- `pipeline`    how a pair becomes a prediction, step by step; `engines/` who answers
- `asking`      one way to ask a model about pairs, whoever asks
- `registry/`   which models there are, which answers in a project, what it has learnt from and what its figures are of
- `prompting/`  the words that are sent
- `knowledge/`  what is known of a query beside the catalogue
- `distilled/`  the tier that learns here: what it looks at, how it learns, how that is kept
- `prelabel/`   runs over a project's pairs: jobs, what each is told, predictions
- `playground/` trials of one pair, comparisons of two prompt versions, prompt versions
- `imported_predictions` what files say that models outside of here predicted: asked for by name, never active
- `unanswered` why a pair got no answer that can be used, in words
- `prediction_display` a prediction turned into what templates show
- `urls`        its pages; `api` what programs may do with runs

Others use the models, `asking`, `registry/`, `prelabel.runs`, `prediction_display`, `unanswered`, `imported_predictions`, and the
hooks of `prelabel.predictions`, `prelabel.progress` and `playground.trials`.
"""
