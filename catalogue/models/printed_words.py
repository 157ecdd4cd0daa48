"""What was read off a picture, and the reading of it as work to do."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models.pictures import Image
from database.clock import ClockTimestamp
from jobs.models import Job
from projects.models import Project


class PictureWords(models.Model):
    """What one reader read off one project's picture, once. The same picture in two projects is read twice: what is known in
    one, and that it is known at all, says nothing to the other.

    Of several readers' the newest row counts. Where a reader gave up (`reason`) it may try again.
    """

    append_only = True

    class State(models.TextChoices):
        READ = "read", _("read")
        NOTHING = "nothing", _("nothing legible")
        FAILED = "failed", _("not read")

    image = models.ForeignKey(Image, models.PROTECT, related_name="words_read")
    reader = models.CharField(max_length=80)  # with its version
    state = models.CharField(max_length=8, choices=State.choices)
    reason = models.CharField(max_length=40, blank=True)
    lines = models.JSONField(default=list)  # as catalogue.pictures.printed_words tells them
    language = models.CharField(max_length=20, blank=True)
    seconds = models.FloatField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_reader_reads_a_picture_once", fields=["image", "reader"], condition=~Q(state="failed")
            ),
            models.CheckConstraint(
                name="words_are_read_or_a_reason_is_told",
                condition=Q(state="read", reason="") & ~Q(lines=[])
                | Q(state="nothing", reason="", lines=[])
                | Q(state="failed", lines=[]) & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reader}: {self.state}"


class PictureReading(Job):
    """A picture whose words are to be read, by whichever reader there is where it is worked on; `words`: what came of it."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="picture_readings", db_index=False)
    image = models.OneToOneField(Image, models.PROTECT, related_name="reading")
    words = models.ForeignKey(PictureWords, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                name="a_reading_is_done_with_its_words", condition=~Q(state="done") | Q(words__isnull=False)
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(name="picture_readings_by_state", fields=["project", "state", "id"]),
        ]

    def __str__(self) -> str:
        return f"reading of picture {self.image_id}"
