"""Where opinions differ: disagreements, adjudications, bad cases.

Invariant: nobody_adjudicates_their_own_disagreement (trigger).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.judging import Judgment
from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from inference.models.prelabel import Prediction
from projects.models import Person, Project
from rules.models import Rule, RuleVersion


class Disagreement(models.Model):
    """Opened by the act that made opinions differ, settled by an adjudication, withdrawn when they agree again."""

    class Kind(models.TextChoices):
        HUMAN_HUMAN = "human_human", _("people differ")
        HUMAN_MODEL = "human_model", _("people and model differ")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SETTLED = "settled", _("settled")
        WITHDRAWN = "withdrawn", _("withdrawn")

    project = models.ForeignKey(Project, models.PROTECT, related_name="disagreements")
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="disagreements")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    judgments = models.ManyToManyField(Judgment, related_name="disagreements")
    prediction = models.ForeignKey(Prediction, models.PROTECT, null=True)
    opened_at = models.DateTimeField(db_default=ClockTimestamp())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_disagreement_per_pair_and_kind", fields=["pair", "kind"], condition=Q(state="open")
            ),
            models.CheckConstraint(
                name="human_model_names_its_prediction",
                condition=~Q(kind="human_model") | Q(prediction__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="open_disagreements", fields=["project", "id"], condition=Q(state="open")),
            models.Index(name="pairs_in_dispute", fields=["project", "pair"], condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"disagreement {self.pk}"


class Adjudication(models.Model):
    """The label that settles a pair, by someone who did not judge it. Append-only."""

    append_only = True

    disagreement = models.ForeignKey(Disagreement, models.PROTECT, related_name="adjudications")
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="adjudications")
    adjudicator = models.ForeignKey(Person, models.PROTECT)
    revision = models.PositiveSmallIntegerField(default=1)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    label = models.CharField(max_length=20)
    mismatch = models.CharField(max_length=30, blank=True)
    rule = models.ForeignKey(Rule, models.PROTECT, null=True)
    version = models.ForeignKey(RuleVersion, models.PROTECT, null=True)  # of the rule, as the adjudicator read it
    note = models.TextField(blank=True)
    idempotency_key = models.UUIDField(unique=True)
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_adjudication_per_pair_and_revision", fields=["pair", "revision"]),
            models.CheckConstraint(name="adjudication_has_a_label", condition=~Q(label="")),
        ]

    def __str__(self) -> str:
        return self.label


class SeenOpinions(models.Model):
    """Who has read what others and the model said of a pair: they are never given it to judge afterwards. Append-only."""

    append_only = True

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="+", db_index=False)  # its constraint
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    seen_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="opinions_are_seen_once", fields=["pair", "person"])]

    def __str__(self) -> str:
        return f"{self.person_id} saw {self.pair_id}"


class BadCase(models.Model):
    """A result someone flagged, followed until it is closed."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Cause(models.TextChoices):
        UNKNOWN = "", _("not yet known")
        DATA = "data", _("catalogue data")
        RULE = "rule", _("rule gap")
        KNOWLEDGE = "knowledge", _("knowledge")
        VISION = "vision", _("image")
        RANKING = "ranking", _("ranking")
        LABEL = "label", _("wrong label")

    project = models.ForeignKey(Project, models.PROTECT, related_name="bad_cases")
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="bad_cases")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    reported_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=ClockTimestamp())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_open_bad_case_per_pair", fields=["pair"], condition=Q(state="open")),
            models.CheckConstraint(
                name="closed_bad_case_names_its_cause",
                condition=Q(state="open", closed_at__isnull=True)
                | (Q(state="closed", closed_at__isnull=False) & ~Q(cause="")),
            ),
        ]
        indexes = [models.Index(name="pairs_flagged", fields=["project", "pair"], condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"bad case {self.pk}"


class BadCaseNote(models.Model):
    """The history of a bad case: flags, notes and changes of owner, cause and state. Append-only."""

    append_only = True

    bad_case = models.ForeignKey(BadCase, models.PROTECT, related_name="notes")
    author = models.ForeignKey(Person, models.PROTECT)
    act = models.CharField(max_length=20)  # flagged, noted, assigned, caused, closed, reopened
    text = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return self.text[:60]
