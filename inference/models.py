"""Which models exist. A prediction points to one; a person promotes one to be the active judge."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.clock import ClockTimestamp


class ModelVersion(models.Model):
    """One engine at one revision. `learnt` is false for a cold start, and pages say so."""

    class Role(models.TextChoices):
        JUDGE = "judge", _("judge")

    name = models.CharField(max_length=80)
    engine = models.CharField(max_length=40)
    revision = models.CharField(max_length=120)
    prompt_version = models.CharField(max_length=60)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.JUDGE)
    active = models.BooleanField(default=False)
    learnt = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_model_per_engine_and_revision", fields=["engine", "revision", "prompt_version"]
            ),
            models.UniqueConstraint(name="one_active_model_per_role", fields=["role"], condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.revision})"
