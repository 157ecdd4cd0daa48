"""Work on a model that somebody asked for in the browser: let the distilled tier learn, run the canary suite."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inference.models.registry import ModelVersion
from jobs.models import Job
from projects.models import Person, Project


class ModelJob(Job):
    """`model` is the one the canary asks, and afterwards the one that a training made."""

    class Kind(models.TextChoices):
        TRAIN = "train", _("training")
        CANARY = "canary", _("canary suite")

    class Source(models.TextChoices):
        GOLD = "gold", _("gold")
        PEOPLE = "people", _("people's labels")
        MODEL = "model", _("a large model's predictions")

    project = models.ForeignKey(Project, models.PROTECT, related_name="model_jobs")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    source = models.CharField(max_length=6, choices=Source.choices, blank=True)
    promote = models.BooleanField(default=False)
    model = models.ForeignKey(ModelVersion, models.PROTECT, null=True)
    result = models.JSONField(null=True)
    requested_by = models.ForeignKey(Person, models.PROTECT)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                name="model_job_knows_its_subject",
                condition=(Q(kind="train") & ~Q(source="")) | (Q(kind="canary", source="", model__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
