"""How queries are read and what items answer them: a project's words, and evidence grids, each made once."""

from __future__ import annotations

from django.db import models

from catalogue.models.items import Snapshot
from catalogue.models.pairs import Query
from database.clock import ClockTimestamp
from projects.models import Project


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
    extractor = models.CharField(max_length=120)  # code version + lexicon digest
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
