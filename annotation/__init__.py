"""The loop around the model: pairs come in, people and models judge them, what they differ in becomes rules and training sets.

Read `models/` first (the tables, by activity), then `judging`, `settling` with `sql/`, `prelabelling` and `answering`. Views
and commands are doors: ids in, one call, an answer out; `urls` says which.

What is judged

- `readers`, `parquet_pages`, `parquet_rows` rows of a file, one by one; `presets`, `inspecting`, `foreign_values`, `mapping` what
  they mean here; `receiving`, `program_imports`, `import_forms` how a file arrives
- `importing`  a file as a job; `storing` a chunk of it: `snapshotting` items, `named_pictures`, `sayings` what is news; `intake`
  what it means for people: `crediting` gold and ratings
- `sources`, `addresses`, `fetching`, `fetching_child` foreign pictures fetched; `decoding`, `decoding_child`, `children`
  decoded by processes that hold nothing; `images`, `picturing` kept and found again
- `lexicons`, `grids`, `company` how a query is read, what an item answers, what stands beside it
- `finding`, `wording`, `choosing` pairs by words and filters

People

- `queue`      who judges what next; `card` what they see; `citing`, `judging`, `left_behind` what they say
- `opinions`   which judgments and which prediction stand; `settling` what follows: gold and disputes; `adjudicating`
- `more_judgments`, `rejudging`, `staleness` asking again
- `bad_cases`, `hard_samples`, `overview` what is followed up, what is hard, where a project stands
- `showing`, `prediction_showing`, `remembering` values for templates, figures that may be a moment old

Models

- `briefing`   what a model is told: `captions`, `guidelines`; asked by inference.asking
- `prelabelling`, `answering`, `predicting`, `run_progress` a run, its jobs, its predictions; `confidence`, `routing` what is
  made of them; `following` what another active model changes
- `playground`, `canary` trials, attacks; `model_work`, `training_jobs`, `canary_jobs` work asked for on a page
- `splitting`, `distilled_training`, `calibrating` what learns from which queries
- `measuring`, `basis`, `figures` what may measure a model, and the figures

The standard

- `backtesting`, `rule_effects`, `sampled_backtesting`, `replaying`, `weak_spots`, `rule_desk`

Files for training

- `exporting`, `gathering`, `training_rows`, `sealing`

Work

- `jobs`       a row is a job; `kinds` which there are; `dispatching` rings, `tasks` is Celery's door, `workers` who is alive
- `working`, `standing_by`, `unrung`, `watching`, `isolation` the process of a worker
"""
