"""Frozen collections: hard sets and sealed exports.

Invariants: a member without a reason is refused; a frozen set takes no members; sealed_export_matches_its_manifest.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from jobs.models import Job
from projects.models import Person, Project


class HardSet(models.Model):
    """A named, frozen set of hard pairs, each with every reason why it is there."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="hard_sets")
    name = models.CharField(_("name"), max_length=80)
    criteria = models.JSONField(default=dict)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True)
    size = models.PositiveIntegerField(default=0)
    frozen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_hard_set_per_name", fields=["project", "name"])]

    def __str__(self) -> str:
        return self.name


class HardSetMember(models.Model):
    append_only = True

    hard_set = models.ForeignKey(HardSet, models.PROTECT, related_name="members")
    pair = models.ForeignKey(Pair, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    gold_label = models.CharField(max_length=20, blank=True)
    reasons = models.JSONField()  # [{"kind", "evidence_kind", "evidence_id"}, ...]

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_member_per_hard_set_and_pair", fields=["hard_set", "pair"]),
            models.CheckConstraint(name="hard_set_member_has_a_reason", condition=~Q(reasons=[])),
        ]

    def __str__(self) -> str:
        return f"{self.hard_set_id}: {self.pair_id}"


class Export(Job):
    """Files made for training or for people; downloadable only once sealed. `done` means sealed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="exports")
    kind = models.CharField(max_length=8)  # a code of annotation.curation.formats.table
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)
    hard_set = models.ForeignKey(HardSet, models.PROTECT, null=True, blank=True)
    without_stale = models.BooleanField(default=False)
    rows_total = models.PositiveIntegerField(default=0)
    rows_written = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(null=True)
    folder = models.CharField(max_length=200, blank=True)
    manifest = models.JSONField(null=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                name="sealed_export_has_a_manifest",
                condition=~Q(state="done") | (Q(manifest__isnull=False, rows__isnull=False) & ~Q(manifest_sha256="")),
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"
