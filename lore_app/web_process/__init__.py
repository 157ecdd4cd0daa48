"""The web process below Django: it waits for slow clients without holding a thread for them. Read `worker` first.

- `gunicorn_settings`  how gunicorn is run, wherever it is
- `worker`     gunicorn's worker: a thread gets a request once it is whole, and is free once its answer is made
- `arriving`   a request on its way in; `departing` an answer on its way out; `lowest_rate` whether they move fast enough
"""
