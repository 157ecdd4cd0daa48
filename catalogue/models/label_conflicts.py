"""Labels of a file that are not what stands."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalogue.models.imports import Import
from catalogue.models.pairs import Pair


class LabelConflict(models.Model):
    """A row says another label of a pair than what it met there: its gold, or what the same rater had said of it.

    What was met stands, but for a consensus, above which the file's label is put. Append-only: the same file lists it again.
    """

    append_only = True

    class Ground(models.TextChoices):
        ADJUDICATION = "adjudication", _("adjudication")
        IMPORT = "import", _("an import, or an earlier row of this one")
        CONSENSUS = "consensus", _("consensus")
        RATING = "rating", _("the same rater, in a row or an import before")

    batch = models.ForeignKey(Import, models.PROTECT, related_name="conflicts_listed", db_index=False)
    row = models.PositiveIntegerField()
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="label_conflicts")
    rater = models.CharField(max_length=80, blank=True)  # whose label it is; of gold nobody's
    said = models.CharField(max_length=20)
    said_mismatch = models.CharField(max_length=30, blank=True)
    met = models.CharField(max_length=20)
    met_mismatch = models.CharField(max_length=30, blank=True)
    ground = models.CharField(max_length=12, choices=Ground.choices)  # of what was met
    earlier = models.ForeignKey(Import, models.PROTECT, null=True, related_name="+")  # that brought what was met

    class Meta:
        indexes = [models.Index(name="label_conflicts_by_import", fields=["batch", "row"])]

    def __str__(self) -> str:
        return f"row {self.row}: {self.said}, not {self.met}"

    @property
    def stands(self) -> str:
        """The label that the pair, or the rater, has after it."""
        return self.said if self.ground == self.Ground.CONSENSUS else self.met
