"""How gunicorn is run, by `manage.py up`, by the image and by tests:

    gunicorn --config python:lore_app.web_process.gunicorn_settings lore_app.wsgi

A word behind it wins: `--bind`, `--workers`, `--threads`.
"""

from __future__ import annotations

import os

worker_class = "lore_app.web_process.worker.PatientWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # one is at its limit with fifty people
threads = 8
worker_connections = 1000  # for each worker; beyond, whoever has been waited for the longest is let go
preload_app = True
timeout = 60
logger_class = "lore_app.gunicorn_log.GunicornLog"
# Without it, a client that gunicorn takes for a proxy names the script by a header, and is answered with a 500.
forwarder_headers = ""
http_parser = "python"  # the one that `framing` is held against; "auto" takes another one wherever it is installed
control_socket_disable = True  # a door beside the one that is watched
