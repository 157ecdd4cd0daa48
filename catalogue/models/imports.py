"""Files brought in, and the rows of them that did not go in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.importing.reasons import code_of, in_words
from jobs.models import Job
from projects.models import Person, Project


class Import(Job):
    """One file brought in: where its texts come from, under which licence, and what became of each row."""

    class Kind(models.TextChoices):
        PAIRS = "pairs", _("pairs")
        ITEMS = "items", _("catalogue items")

    project = models.ForeignKey(Project, models.PROTECT, related_name="imports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    file_name = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=255, blank=True)
    images_folder = models.CharField(max_length=500, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    attribution = models.CharField(_("attribution"), max_length=500, blank=True)
    preset = models.CharField(max_length=60, blank=True)
    mapping = models.JSONField(default=dict)
    file_sha256 = models.CharField(
        max_length=64, blank=True, db_default="", default=""
    )  # where a model's word is in it
    scale_name = models.CharField(max_length=20, blank=True)
    confirmed = models.BooleanField(default=False)
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)
    bytes_total = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    gold = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    predictions = models.PositiveIntegerField(default=0, db_default=0)
    images = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0, db_default=0)  # labels that are not what stands
    report = models.JSONField(default=dict)
    replaced = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.file_name


class Rejection(models.Model):
    """A row that did not go in: its number, the field and the reason; the row itself is kept for download."""

    append_only = True

    batch = models.ForeignKey(Import, models.PROTECT, related_name="rejections")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300)  # in English; of rows of earlier versions in the importer's language
    told = models.JSONField(null=True)  # the message and the values it came from (importing.reasons)
    raw = models.TextField(blank=True)
    raw_sha256 = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        indexes = [models.Index(name="rejections_by_import", fields=["batch", "row"])]

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"

    @property
    def words(self) -> str:
        """The reason in the reader's language."""
        return in_words(self.reason, self.told)

    @property
    def code(self) -> str:
        return code_of(self.told)
