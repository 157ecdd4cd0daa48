"""What people find when they check the evidence: pairs drawn for it, their cells marked, and the gate of each category.

Invariants: one_check_per_pair_judge_and_revision, a_pair_is_drawn_once, one_gate_per_project_and_category.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.judging import Judge
from catalogue.models.evidence import Grid
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.evidence_gate import GateState


class EvidenceDraw(models.Model):
    """One act of drawing: so many pairs of each category, by a seed. The same seed over the same pairs draws the same ones."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT, related_name="evidence_draws")
    seed = models.PositiveIntegerField()
    per_category = models.PositiveIntegerField()
    pairs = models.PositiveIntegerField()
    drawn_by = models.ForeignKey(Person, models.PROTECT, null=True)  # none: on the command line
    drawn_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"{self.pairs} pairs by seed {self.seed}"


class SampledPair(models.Model):
    """A pair that was drawn, and the category that its item was in then. `checked`: every cell of today's grid has a mark."""

    project = models.ForeignKey(Project, models.PROTECT, db_index=False)  # sampled_pairs_of_category
    draw = models.ForeignKey(EvidenceDraw, models.PROTECT, db_index=False)
    pair = models.OneToOneField(Pair, models.PROTECT, related_name="sampled")
    category = models.CharField(max_length=400, blank=True)
    checked = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(name="sampled_pairs_of_category", fields=["project", "category", "id"])]

    def __str__(self) -> str:
        return f"drawn {self.pair_id}"


class EvidenceCheck(models.Model):
    """What a judge says of the cells of a pair's grid: `marks` holds for each cell what it reads and right, wrong or missing.

    Undo and change are further revisions; one that is withdrawn and empty says that its judge has looked. A mark is about what
    the cell reads, so it counts for every grid that reads so.
    """

    append_only = True

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="evidence_checks", db_index=False)  # its constraint
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="evidence_checks")
    revision = models.PositiveSmallIntegerField(default=1)
    grid = models.ForeignKey(Grid, models.PROTECT)
    marks = models.JSONField()
    withdrawn = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_check_per_pair_judge_and_revision", fields=["pair", "judge", "revision"])
        ]

    def __str__(self) -> str:
        return f"check {self.pk}"


class EvidenceGate(models.Model):
    """How the evidence of a category, or of all small ones together, stands under one extractor; for another it says nothing.

    `covers` names the categories it speaks for, `wrong_cells` the first cells that were found wrong.
    """

    class State(models.TextChoices):
        PASSED = GateState.PASSED.value, _("passed")
        NOT_YET = GateState.NOT_YET.value, _("not yet")
        FAILED = GateState.FAILED.value, _("failed")

    project = models.ForeignKey(Project, models.PROTECT, related_name="evidence_gates", db_index=False)
    category = models.CharField(max_length=400, blank=True)
    together = models.BooleanField(default=False)  # all small categories
    covers = models.JSONField(default=list)
    extractor = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.NOT_YET)
    figures = models.JSONField(default=dict)
    wrong_cells = models.JSONField(default=list)
    counted_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_gate_per_project_and_category", fields=["project", "together", "category"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.state}"

    @property
    def categories(self) -> list[str]:
        return [one["category"] for one in self.covers]
