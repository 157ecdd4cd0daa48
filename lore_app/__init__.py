"""Settings, URLs, Celery and the database: wires the packages together and decides nothing."""

from lore_app.celery import app as celery_app

__all__ = ["celery_app"]
