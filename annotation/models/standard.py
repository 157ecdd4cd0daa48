"""Where labels meet the rules: what a judgment cites, replay sets, and back-tests of drafts.

Invariants: citations and replay sets are append-only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.judging import Judgment
from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from inference.models import ModelVersion
from jobs.models import Job
from projects.models import Person, Project
from rules.models import RuleBaseVersion, RuleDraft, RuleVersion


class Citation(models.Model):
    """A rule version that a judge gave as the ground of a judgment."""

    append_only = True

    judgment = models.ForeignKey(Judgment, models.PROTECT, related_name="citations")
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="citations")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_citation_per_judgment_and_rule", fields=["judgment", "version"]),
        ]

    def __str__(self) -> str:
        return f"{self.judgment_id} cites {self.version}"


class ReplaySet(models.Model):
    """Gold pairs frozen with their labels, on which a draft of the rules must not do worse."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT, related_name="replay_sets")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_replay_set_per_project_and_number", fields=["project", "number"]),
        ]

    def __str__(self) -> str:
        return f"replay set {self.number}"


class ReplayEntry(models.Model):
    append_only = True

    replay_set = models.ForeignKey(ReplaySet, models.PROTECT, related_name="entries")
    pair = models.ForeignKey(Pair, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    label = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_entry_per_replay_set_and_pair", fields=["replay_set", "pair"]),
        ]

    def __str__(self) -> str:
        return f"{self.pair_id}: {self.label}"


class RuleReplay(Job):
    """What a draft of the rules, or the version published, makes of a project's labelled pairs, beside what the project is
    judged by. `digest` names the draft's content; a replay of a draft that is published is one of its version from then on.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="rule_replays")
    before = models.ForeignKey(RuleBaseVersion, models.PROTECT, related_name="+")
    draft = models.ForeignKey(RuleDraft, models.PROTECT, null=True, related_name="replays")
    digest = models.CharField(max_length=64, blank=True)
    after = models.ForeignKey(RuleBaseVersion, models.PROTECT, null=True, related_name="+")
    replay_set = models.ForeignKey(
        ReplaySet, models.PROTECT, null=True
    )  # None: the gold there was when it was worked on
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                name="a_replay_is_of_something", condition=Q(draft__isnull=False) | Q(after__isnull=False)
            ),
        ]
        indexes = [*Job.Meta.indexes, models.Index(name="rule_replays_of_project", fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"replay {self.pk}"


class BackTest(Job):
    """A draft of the rules held against a project's stored pairs. `digest` names the content that was tested."""

    class Kind(models.TextChoices):
        EXACT = "exact", _("every stored pair, by machine")
        MODEL = "model", _("a sample, by a model")

    project = models.ForeignKey(Project, models.PROTECT, related_name="back_tests")
    draft = models.ForeignKey(RuleDraft, models.PROTECT, related_name="back_tests")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.EXACT)
    model = models.ForeignKey(ModelVersion, models.PROTECT, null=True)
    digest = models.CharField(max_length=64)
    sample = models.PositiveIntegerField(null=True)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)  # None: the command line

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                name="a_sample_needs_a_model", condition=~Q(kind="model") | Q(model__isnull=False, sample__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk}"
