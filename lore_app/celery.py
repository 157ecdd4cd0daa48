"""The Celery application. A message is a doorbell: it carries ids, never data; the rows it points to are the work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")

app = Celery("lore_app")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
