"""Models taught here.

- `distilled`   the distilled tier learns from labels, is measured on queries that nobody learns from, and perhaps promoted;
  how it fits is arithmetic (`inference/distilled/fitting`)
- `jobs`        a training asked for in the browser
- `views`, `urls` where it is asked for
"""
