"""A large model reads the queries of a project, each once."""

from __future__ import annotations

from django.db import models

from inference.models.registry import ModelVersion
from jobs.models import Job
from projects.models import Person, Project


class QueryReadingRun(Job):
    """Queries up to `reached` have been asked: `read` of them are read, `refused` answers were no reading, `unanswered` ones
    got none. `reasons` counts by code why. `most`: at most so many are asked."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="query_reading_runs")
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)  # none: on the command line
    most = models.PositiveIntegerField()
    total = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    reached = models.BigIntegerField(default=0)

    class Meta(Job.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.asked} of {self.total} queries"

    @property
    def asked(self) -> int:
        return self.read + self.refused + self.unanswered
