"""How queries are read and what items answer them: a project's words, readings and evidence grids, each made once, and what
people put right in them.

Append-only all of them: a correction is taken back by a further row, and the newest counts.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair, Query
from database.clock import ClockTimestamp
from jobs.models import Job
from projects.models import Person, Project


class LearntLexicon(models.Model):
    """The lexicon learnt from a project's catalogue at one time; a grid names the one it was made with."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT)
    digest = models.CharField(max_length=64)
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_lexicon_per_project_and_digest", fields=["project", "digest"])]

    def __str__(self) -> str:
        return self.digest[:12]


class Grid(models.Model):
    """The evidence grid of a query over a snapshot, made before any verdict and shared by all who look at it."""

    append_only = True

    query = models.ForeignKey(Query, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    extractor = models.CharField(max_length=120)  # what it was made with (catalogue.evidence.grids)
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_grid_per_query_snapshot_and_extractor", fields=["query", "snapshot", "extractor"]
            )
        ]

    def __str__(self) -> str:
        return f"grid {self.pk}"


class QueryReading(models.Model):
    """What a query asks for, as somebody read it: stored once for each version of that reader.

    `version`: of the tagger its code and lexicon, of a guideline the model, of a person the number of their reading.
    """

    append_only = True

    class Origin(models.TextChoices):
        TAGGER = "tagger", _("read by the product")
        GUIDELINE = "guideline", _("read by a model")
        PERSON = "person", _("corrected by a person")

    query = models.ForeignKey(Query, models.PROTECT, related_name="readings", db_index=False)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    version = models.CharField(max_length=160)
    body = models.JSONField(default=list)  # constraints in the order of the query (relevance.constraints)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_reading_per_query_origin_and_version", fields=["query", "origin", "version"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.version}"


class ReadingCorrection(models.Model):
    """A person says that a query's reading is wrong: the reading that stands from then on, none where a correction is taken
    back, and the one that was shown. Of a query the newest counts."""

    append_only = True

    query = models.ForeignKey(Query, models.PROTECT, related_name="reading_corrections", db_index=False)
    reading = models.OneToOneField(QueryReading, models.PROTECT, null=True, related_name="correction")
    replaced = models.ForeignKey(QueryReading, models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        indexes = [models.Index(name="corrections_of_reading", fields=["query", "-id"])]

    def __str__(self) -> str:
        return f"{self.query_id} by {self.by_id}"


class CellCorrection(models.Model):
    """A person says what a cell of a pair's grid ought to say: of the wish `text` of this `dimension`, in this source.

    `grid` is the one that was shown, whose cell it replaces. Without a verdict a correction is taken back. Of a cell the
    newest counts, and only as long as the item says what it said (`grid.snapshot`).
    """

    append_only = True

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="cell_corrections", db_index=False)
    grid = models.ForeignKey(Grid, models.PROTECT, related_name="cell_corrections")
    dimension = models.CharField(max_length=30)
    text = models.CharField(max_length=300)
    source = models.CharField(max_length=10)
    verdict = models.CharField(max_length=10, blank=True)
    literal = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_silent_cell_has_no_literal", condition=~Q(verdict__in=["", "silent"]) | Q(literal="")
            ),
        ]
        indexes = [models.Index(name="corrections_of_cells", fields=["pair", "-id"])]

    def __str__(self) -> str:
        return f"{self.text}: {self.source} {self.verdict}"


class EvidenceRemaking(Job):
    """The readings and grids of a project, or of one of its queries, made anew. Pairs up to `reached` are done: `seen` of
    them, of whose grids `made` were made and all others were there; in `seconds` of work. Invariant:
    one_remaking_per_project_at_a_time."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="remakings")
    query = models.ForeignKey(Query, models.PROTECT, null=True, related_name="+", db_index=False)  # none: of all
    asked_by = models.ForeignKey(Person, models.PROTECT, null=True)  # none: by an import, or on the command line
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    reached = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                name="one_remaking_per_project_at_a_time",
                fields=["project"],
                condition=Q(query=None, state__in=["queued", "failed", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seen} of {self.total} pairs"

    @property
    def rate(self) -> float | None:
        """Pairs a second so far."""
        return self.seen / self.seconds if self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        return max(0, self.total - self.seen) / self.rate if self.rate else None
