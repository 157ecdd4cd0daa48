"""Models taught here. Which queries train and which test is said by `relevance/splits`.

- `distilled`   the distilled tier learns from labels, is measured on queries that nobody learns from, and perhaps promoted;
  how it fits is arithmetic (`inference/distilled/fitting`)
- `training_jobs` a training asked for in the browser
- `views`, `urls` where it is asked for
"""
