"""Uploaded files as they came. They are read until their import has ended, and removed LORE_UPLOAD_DAYS later.

Rows that did not go in are rows of their own by then. An upload that nobody confirmed in that time is cancelled.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Q

from catalogue.importing.running import stored
from catalogue.models import Import
from database.clock import ClockTimestamp
from jobs import leasing
from projects.models import Project

TOGETHER = 100


def end_by_time() -> int:
    """How many imports lost their files."""
    before = ClockTimestamp() - timedelta(days=settings.UPLOAD_DAYS)
    waiting = Import.objects.filter(confirmed=False, created_at__lt=before, state__in=leasing.LIVE)
    leasing.cancel(waiting.exclude(stored_as=""))
    over = Import.objects.exclude(stored_as="").exclude(state__in=leasing.LIVE)
    ended = over.filter(Q(finished_at__lt=before) | Q(confirmed=False, created_at__lt=before))[:TOGETHER]
    return sum(remove(batch) for batch in ended)


def remove(batch: Import) -> bool:
    """The files first: a row that no longer names one that is there would leave it there for good."""
    for _name, place in stored(batch):
        default_storage.delete(place)
    mapping = {**batch.mapping, "further": []} if batch.mapping.get("further") else batch.mapping
    return bool(Import.objects.filter(pk=batch.pk).update(stored_as="", mapping=mapping))


def remove_all_of(project: Project) -> None:
    for batch in Import.objects.filter(project=project).exclude(stored_as="").iterator(chunk_size=TOGETHER):
        remove(batch)
