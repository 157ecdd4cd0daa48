"""Which models there are, and which answers in a project.

- `registry`    registered once, promoted per project; the one that is active,
- `putting_back` what answered before; `runnable` whether a model can answer, told without asking it
- `registering` how a chat model gets in: `probing` what it can do, `first_judgment` what it says of one pair;
  `retiring` how it goes; `connecting` from its row to an engine, `keys` which key its server is sent
- `lineage`     what it has learnt from; `training_files` read for that
- `basis`       what a figure of it is of; `confidence` how sure a prediction is
- `model_jobs`  what trainings and canary runs have in common
- `views`, `installation_views` its pages
"""
