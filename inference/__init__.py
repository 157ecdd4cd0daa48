"""Models: which there are, what they are told, how they answer. Knows no pair of a project, only facts of pairs.

Read `pipeline` first (a pair's way to a prediction), then `asking`, the one door through which anybody asks, then `registry`.

- `pipeline`   how a pair becomes a prediction, step by step; `engines/` who answers
- `asking`     one way to ask a model about pairs, whoever asks
- `registry`   which models there are and which answers in a project; `registering`, `probing` how a model gets in, `retiring`
  how it goes; `connecting` from a row to an engine
- `lineage`    what a model has learnt from; `training_files` read for it
- `prompting`, `prompt_versions`, `rendering`, `item_text`, `guiding`, `captioning` the words that are sent
- `knowledge`, `knowledge_files`, `knowledge_history`, `catalogue_knowledge`, `looking_up`, `segmenting`, `cleaning` what is
  known of a query beside the catalogue; `forms` how people write it
- `distilling`, `linear`, `trees`, `observing`, `lessons` the distilled tier: what it looks at, how it learns, how that is kept
- `urls`       pages of knowledge and of the installation's models
"""
