"""The playground: single trials of a prompt on a pair, and comparisons of two prompt versions on a sample of gold."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from inference.models.prompts import PromptVersion
from inference.models.registry import ModelVersion
from jobs.models import Job
from projects.models import Person, Project


class Comparison(models.Model):
    """Two prompt versions on the same gold pairs with the same model. What its trials say is no prediction."""

    project = models.ForeignKey(Project, models.PROTECT)
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    before = models.ForeignKey(PromptVersion, models.PROTECT, related_name="+")
    after = models.ForeignKey(PromptVersion, models.PROTECT, related_name="+")
    pairs = models.PositiveIntegerField(default=0)
    seed = models.PositiveIntegerField(default=0)
    requested_by = models.ForeignKey(Person, models.PROTECT)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"{self.before} / {self.after}"


class Trial(Job):
    """One pair asked with one model and one prompt version, and everything that was said; never a prediction."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="trials")
    pair = models.ForeignKey(Pair, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    prompt = models.ForeignKey(PromptVersion, models.PROTECT, null=True)
    comparison = models.ForeignKey(Comparison, models.PROTECT, null=True, related_name="trials")
    requested_by = models.ForeignKey(Person, models.PROTECT)
    rendered = models.JSONField(default=list)  # sections of the prompt: name, text, tokens
    raw = models.TextField(blank=True)
    judged = models.JSONField(null=True)  # status, reason, label, posterior, chain, contradicts, rule_base
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                name="one_trial_per_comparison_pair_and_prompt",
                fields=["comparison", "pair", "prompt"],
                condition=Q(comparison__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.pk}"
