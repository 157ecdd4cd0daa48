"""What a model says of a project's pairs before people judge them.

- `runs`        a run is a person's request, a job one pair of it; `progress` how far it is
- `stopping`    a run whose engine refuses to answer at all: why, and what to do
- `answering`   claimed jobs, from facts to stored predictions; `predictions` what is stored, and who is told
- `model_context` what a model is told beside the rules: `captions`, `guidelines`
- `query_readings` a model reads the queries of a project, each once
- `views`, `guideline_views` its pages
"""
