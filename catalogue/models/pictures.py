"""Pictures: those we have, where others may be fetched from, and one job for each address that rows name."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalogue.models.imports import Import
from database.clock import ClockTimestamp
from jobs.models import Job
from projects.models import Person, Project


class Image(models.Model):
    """A picture that we decoded, checked and re-encoded; the bytes lie in storage under their content hash."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT)
    sha256 = models.CharField(max_length=64)
    original_name = models.CharField(max_length=255)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_image_per_project_and_hash", fields=["project", "sha256"])]
        indexes = [models.Index(name="images_by_name", fields=["project", "original_name"])]

    def __str__(self) -> str:
        return self.sha256[:12]


class PictureSource(models.Model):
    """A host that a lead has listed for a project; from all others nothing is fetched."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="picture_sources")
    host = models.CharField(max_length=253)
    plain_http = models.BooleanField(default=False)
    added_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_source_per_project_and_host", fields=["project", "host"])]

    def __str__(self) -> str:
        return self.host


class PictureFetch(Job):
    """An address is fetched once in a project; `batch` is the import that named it first.

    Snapshots name addresses and never change: what was fetched is found by project and address. `host` is empty where
    the address is none that anybody would follow; such a row is dead from the start.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="picture_fetches", db_index=False)
    address = models.TextField()
    host = models.CharField(max_length=253, blank=True)
    batch = models.ForeignKey(Import, models.PROTECT, related_name="picture_fetches", db_index=False)
    image = models.ForeignKey(Image, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(name="one_fetch_per_project_and_address", fields=["project", "address"]),
            models.CheckConstraint(
                name="a_fetch_is_done_with_its_picture",
                condition=Q(state="done", image__isnull=False) | (~Q(state="done") & Q(image__isnull=True)),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(
                name="fetches_by_host",
                fields=["project", "host", "due_at"],
                condition=Q(state__in=["queued", "failed", "running"]),
            ),
            models.Index(name="fetches_by_state", fields=["project", "state", "id"]),
        ]

    def __str__(self) -> str:
        return self.address[:80]
