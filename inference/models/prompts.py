"""Prompt versions as rows: once written they stay as they are, so that a prediction can always be explained."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from database.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.identifiers import PROMPT_NAME, in_full


class PromptVersion(models.Model):
    """A set of templates with its label aliases (inference.prompts). It never changes."""

    name = models.CharField(max_length=60, unique=True)
    templates = models.JSONField()  # kind -> plain text
    aliases = models.JSONField()  # a few orders, each four letters for L1..L4
    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=300, blank=True)
    written_by = models.ForeignKey(Person, models.PROTECT, null=True)  # empty: shipped
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(name="prompt_name_is_a_code", condition=Q(name__regex=in_full(PROMPT_NAME))),
        ]

    def __str__(self) -> str:
        return self.name


class PromptHome(models.Model):
    """A project where this version was written: who works with models there may read it."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    prompt = models.ForeignKey(PromptVersion, models.PROTECT, related_name="homes")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_home_per_prompt_and_project", fields=["prompt", "project"])]

    def __str__(self) -> str:
        return f"{self.prompt_id} of {self.project_id}"


class PromptChoice(models.Model):
    """In which words a project's models are asked from then on: its newest row counts, the older ones say what was before.

    Without a project: the words that new projects start with. A project's own people alone add rows to it.
    """

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="prompt_choices", db_index=False)
    prompt = models.ForeignKey(PromptVersion, models.PROTECT, related_name="+")
    chosen_by = models.ForeignKey(Person, models.PROTECT, null=True)
    chosen_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        indexes = [models.Index(name="prompt_choices_of_project", fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"{self.prompt} of {self.project_id or 'new projects'}"
