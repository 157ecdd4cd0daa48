"""The web process below Django: it waits for slow clients without holding a thread for them. Read `worker` first.

- `gunicorn_settings`  how gunicorn is run, wherever it is
- `worker`     gunicorn's worker: a thread gets a request once it is whole, and is free once its answer is made
- `connections`  what the loop and a thread share of a client
- `arriving`   a request on its way in; `framing` where its body ends, by its head alone
- `departing`  an answer on its way out; `lowest_rate` whether both move fast enough
"""
