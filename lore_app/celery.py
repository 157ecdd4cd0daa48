"""The Celery application. A message carries the ids of rows that are due, never data; a lost one loses nothing."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")

app: Any = Celery("lore_app")  # type: ignore[no-untyped-call]
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
