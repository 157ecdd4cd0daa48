"""How work is done: a row is a job, a message only rings a bell. Knows no kind of work itself: apps register theirs.

Read `models` (a job's columns), then `leasing` (the one place that moves its state), `kinds`, then `working`.

- `leasing`     a row is taken, held, finished, given up, cancelled, replayed
- `kinds`       which kinds of job and chores there are: one table, filled by each app's `ready()`
- `working`     the path of a due row: a worker's thread looks, claims, works; `looking` asks whether anything is due, `turns`
  knows whose turn it is, `in_hand` what the process holds, `isolation` lets what may kill it run alone
- `bell`        look at once: an event in the process, a Celery message for others; `dispatching` rings it
- `process`     one process that works: its threads; `supervising` begins it anew when it falls
- `failures`    why a job failed, in words: each app tells the sentences of its codes
- `heartbeats`  who is alive; `views`, `urls` the badge and its page

    manage.py work               stands by: begins the next in a fork, says which rows fell with it  (supervising)
      the process that works     main thread: a heartbeat every 2 s, is anything stuck, was it asked to end  (process)
        worker 0, 1, ...         look, claim, work; one looks while the others have work or wait their turn  (working)
        keeper                   one for each batch in hand: renews its leases  (leasing)
        dispatcher               looks four times a second and rings; none with --no-dispatch  (dispatching)
        bell                     Celery's consumer, where there is a Redis  (bell)
        a thread for each chore  (kinds)
        parent                   ends the process when nobody stands by it any more  (supervising)
          its children           fetch and decode pictures, without credentials  (catalogue.child_processes)

Others use `models`, `leasing`, `kinds`, `failures`; commands `working`; pages `heartbeats`.
"""
