"""The Celery application. A message is a doorbell that says "look"; the rows that are due are the work."""

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")

app: Any = Celery("lore_app")  # type: ignore[no-untyped-call]
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["jobs"], related_name="bell")
