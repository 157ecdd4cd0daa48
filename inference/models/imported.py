"""What files say that models outside of here predicted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalogue.models.imports import Import
from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp


class ImportedPrediction(models.Model):
    """A foreign prediction. Its origin is a file's digest and a name: no model of the registry, no prompt, no rule base. So it
    can be active nowhere, and only who asks for that name is told of it.

    Invariants: foreign_prediction_names_its_origin, foreign_prediction_says_something, one_foreign_prediction_per_row.
    """

    append_only = True

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="foreign_predictions", db_index=False)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    batch = models.ForeignKey(Import, models.PROTECT, related_name="foreign_predictions")
    file_sha256 = models.CharField(max_length=64)
    row = models.PositiveIntegerField()
    place = models.PositiveSmallIntegerField()  # among those of its row
    model_name = models.CharField(max_length=255)
    label = models.CharField(max_length=20, blank=True)  # a code of the project's scale
    score = models.FloatField(null=True)
    posterior = models.JSONField(null=True)  # by code of the project's scale
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="foreign_prediction_names_its_origin", condition=~Q(file_sha256="") & ~Q(model_name="")
            ),
            models.CheckConstraint(
                name="foreign_prediction_says_something",
                condition=~Q(label="") | Q(score__isnull=False) | Q(posterior__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_foreign_prediction_per_row", fields=["pair", "snapshot", "file_sha256", "row", "place"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_name}: {self.label or self.score}"
