"""Further judgments wanted on pairs that people chose: the act, and the slots it opened.

Invariant: more_judgments_are_asked_once.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.judging import Slot
from jobs.models import Job
from projects.models import Person, Project


class MoreJudgments(Job):
    """`more` further judgments on each of the chosen pairs. Pairs up to `reached` have them, or what was opened up to
    there is closed again; which pairs stands in `chosen` (annotation.pairs.choosing). The counts are of what was opened,
    `taken_back` of what was closed again."""

    class Way(models.TextChoices):
        GIVE = "give", _("asking")
        TAKE_BACK = "take_back", _("taking back")

    project = models.ForeignKey(Project, models.PROTECT, related_name="more_judgments")
    key = models.UUIDField()
    way = models.CharField(max_length=9, choices=Way.choices, default=Way.GIVE)
    more = models.PositiveSmallIntegerField()
    most = models.PositiveIntegerField(null=True)  # pairs; none: all that were chosen
    chosen = models.JSONField()
    asked_by = models.ForeignKey(Person, models.PROTECT, null=True)  # none: on the command line
    reached = models.BigIntegerField(default=0)
    pairs = models.PositiveIntegerField(default=0)
    slots = models.PositiveIntegerField(default=0)
    taken_back = models.PositiveIntegerField(default=0)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(name="more_judgments_are_asked_once", fields=["key"]),
            models.CheckConstraint(name="between_1_and_9_more_judgments", condition=Q(more__gte=1, more__lte=9)),
        ]

    def __str__(self) -> str:
        return f"{self.more} more judgments on {self.pairs} pairs"


class MoreSlot(models.Model):
    """A slot that an act opened, the last one where several did; a slot that was taken back is none of its any more."""

    asked = models.ForeignKey(MoreJudgments, models.PROTECT, related_name="opened")
    slot = models.OneToOneField(Slot, models.PROTECT, related_name="asked_for")

    def __str__(self) -> str:
        return f"slot {self.slot_id}"
