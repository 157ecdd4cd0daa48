"""Prompt versions as rows: once written they stay as they are, so that a prediction can always be explained."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from database.clock import ClockTimestamp
from projects.models import Person
from relevance.identifiers import PROMPT_NAME, in_full


class PromptVersion(models.Model):
    """A set of templates with its label aliases (inference.prompts). Only `active` ever changes: one version is."""

    name = models.CharField(max_length=60, unique=True)
    templates = models.JSONField()  # kind -> plain text
    aliases = models.JSONField()  # a few orders, each four letters for L1..L4
    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=False)
    written_by = models.ForeignKey(Person, models.PROTECT, null=True)  # empty: shipped
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_active_prompt", fields=["active"], condition=Q(active=True)),
            models.CheckConstraint(name="prompt_name_is_a_code", condition=Q(name__regex=in_full(PROMPT_NAME))),
        ]

    def __str__(self) -> str:
        return self.name
