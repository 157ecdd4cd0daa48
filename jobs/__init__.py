"""How work is done: a row is a job, a message only rings a bell. Knows no kind of work itself: apps register theirs.

Read `models` (a job's columns), then `leasing` (the one place that moves its state), then `kinds`.

- `leasing`     a row is taken, held, finished, given up, cancelled, replayed
- `kinds`       which kinds of job and chores there are: one table, filled by each app's `ready()`
- `dispatching` rings Celery for rows that are due; `tasks` its one door
- `process`     one process that works: its threads; `listening` takes due rows that nobody rang for; `supervising` begins it
  anew when it falls; `in_hand` what it holds, `isolation` what may kill it runs alone
- `heartbeats`  who is alive; `views`, `urls` the badge and its page

Others use `models`, `leasing`, `kinds`; tests and commands `tasks`; pages `heartbeats`.
"""
