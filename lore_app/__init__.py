"""What wires the packages together, and runs the product as a whole.

- `settings`, `environment`, `urls`, `wsgi`, `celery` which parts there are, and what the environment says
- `backup/`      database and files, backed up and restored; `carrying_over` what an earlier version's database holds
- `privileges`  what the app's role may do; `checks`, `durable_folders`, `private_folders` what a process refuses to start with
- `api`         the apps' doors for programs as one, described; who may call what stands in `projects/policy`
- `web_process/` how requests are received and answers sent: no thread waits for a client
- `request_bodies`, `outage`, `health`, `gunicorn_log` the edge of a web process; `ending_with_parent` of its children
- `catalogues`  messages in the readers' languages
"""

from lore_app.celery import app as celery_app

__all__ = ["celery_app"]
