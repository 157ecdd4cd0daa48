"""What people do: slots, leases, drafts, judgments, gold.

Invariants: one_live_lease_per_slot, one_judgment_per_pair_judge_round_revision, judgments_are_append_only,
submit_is_idempotent, blind_slots_never_carry_a_prediction, gold_names_its_ground, an empty label is refused.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalogue.models.evidence import Grid
from catalogue.models.imports import Import
from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair
from database.clock import ClockTimestamp
from inference.models.prelabel import Prediction
from projects.models import Mode, Person, Project
from rules.models import RuleBaseVersion


class Judge(models.Model):
    """Who a judgment is by: a member, or a rater named in an import."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="judges")
    person = models.ForeignKey(Person, models.PROTECT, null=True)
    rater = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_judge_per_person", fields=["project", "person"], condition=Q(person__isnull=False)
            ),
            models.UniqueConstraint(name="one_judge_per_rater", fields=["project", "rater"], condition=~Q(rater="")),
            models.CheckConstraint(
                name="judge_is_a_person_or_a_rater",
                condition=Q(person__isnull=False, rater="") | (Q(person__isnull=True) & ~Q(rater="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.person) if self.person_id else self.rater


class Slot(models.Model):
    """One of the k judgments wanted on a pair in a round. `position` is the order of the queue."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        LEASED = "leased", _("leased")
        DONE = "done", _("done")
        CLOSED = "closed", _("closed")

    project = models.ForeignKey(  # the pair's; found by slots_by_state
        Project, models.PROTECT, related_name="slots", db_index=False, db_constraint=False
    )
    pair = models.ForeignKey(Pair, models.PROTECT, related_name="slots", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    mode = models.CharField(max_length=10, choices=Mode.choices, blank=True)  # empty: the project's
    position = models.BigIntegerField()
    replaces = models.ForeignKey(  # stale, to be judged again
        "Judgment", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_slot_per_pair_round_and_number", fields=["pair", "round", "number"]),
            models.CheckConstraint(name="slot_number_between_1_and_9", condition=Q(number__gte=1, number__lte=9)),
        ]
        indexes = [
            # In the order of the queue to the last column: else a young table, of which PostgreSQL promises next to no
            # open slot, is read whole and sorted to find the first one.
            models.Index(
                name="open_slots_by_position", fields=["project", "position", "number"], condition=Q(state="open")
            ),
            models.Index(name="slots_that_replace", fields=["replaces"], condition=Q(replaces__isnull=False)),
            models.Index(name="slots_by_state", fields=["project", "state"]),
        ]

    def __str__(self) -> str:
        return f"slot {self.number} of {self.pair_id}"


class Lease(models.Model):
    """A slot held by a person until a time of the database's clock. The token is what a page submits with."""

    class State(models.TextChoices):
        LIVE = "live", _("live")
        USED = "used", _("used")
        RELEASED = "released", _("given back")
        EXPIRED = "expired", _("expired")

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="leases")
    pair = models.ForeignKey(Pair, models.PROTECT)
    round = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, models.PROTECT, db_index=False)  # leases_of_person
    token = models.UUIDField(unique=True)
    # What the page shows is fixed when the slot is taken: mode, snapshot, grid and rule base version; in assist the prediction
    # too, in reveal with the first answer. Without it, who answers while another model becomes active would be told to have
    # seen what that one says.
    mode = models.CharField(max_length=10, choices=Mode.choices)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    grid = models.ForeignKey(Grid, models.PROTECT, null=True, db_index=False)  # none where the card is blind
    rule_base = models.ForeignKey(RuleBaseVersion, models.PROTECT, null=True)
    prediction = models.ForeignKey(Prediction, models.PROTECT, null=True, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.LIVE)
    taken_at = models.DateTimeField(db_default=ClockTimestamp())
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_live_lease_per_slot", fields=["slot"], condition=Q(state="live")),
            models.UniqueConstraint(
                name="one_live_lease_per_pair_and_person", fields=["pair", "round", "person"], condition=Q(state="live")
            ),
            models.CheckConstraint(
                name="blind_leases_never_carry_a_prediction",
                condition=~Q(mode__in=["blind", "facts"]) | Q(prediction__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="live_leases_by_end", fields=["until"], condition=Q(state="live")),
            models.Index(name="leases_of_person", fields=["person", "-id"]),
            models.Index(  # who has seen the model's label of a pair
                name="leases_with_a_label", fields=["pair", "person"], condition=Q(prediction__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"lease {self.pk}"


class Postponement(models.Model):
    """ "Later": the slot goes to the end of this person's queue."""

    slot = models.ForeignKey(Slot, models.PROTECT)
    person = models.ForeignKey(Person, models.PROTECT)
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_postponement_per_slot_and_person", fields=["slot", "person"])]

    def __str__(self) -> str:
        return f"{self.person_id} later {self.slot_id}"


class Draft(models.Model):
    """What a person typed but has not submitted, or submitted and was refused. The last write by `revision` wins."""

    person = models.ForeignKey(Person, models.PROTECT)
    pair = models.ForeignKey(Pair, models.PROTECT)
    round = models.PositiveSmallIntegerField(default=1)
    body = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_draft_per_person_pair_and_round", fields=["person", "pair", "round"])
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class JudgmentColumns(models.Model):
    """What a judge said of a pair, in the project's scale: the columns that the log and what stands of it share."""

    class Outcome(models.TextChoices):
        LABEL = "label", _("label")
        CANNOT_TELL = "cannot_tell", _("cannot tell")
        WITHDRAWN = "withdrawn", _("withdrawn")

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="%(class)ss", db_index=False)  # its unique constraint
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="%(class)ss", db_index=False)  # judgments_of_judge
    round = models.PositiveSmallIntegerField(default=1)
    revision = models.PositiveSmallIntegerField(default=1)
    slot = models.ForeignKey(Slot, models.PROTECT, null=True)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.LABEL)
    label = models.CharField(max_length=20, blank=True)
    mismatch = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=30, blank=True)
    no_rule_fits = models.BooleanField(db_default=False)  # the judge looked at the rules on the card, and none fits
    note = models.TextField(blank=True)
    mode = models.CharField(max_length=10, blank=True)  # empty for an imported rating
    grid = models.ForeignKey(Grid, models.PROTECT, null=True)
    rule_base = models.ForeignKey(RuleBaseVersion, models.PROTECT, null=True)
    prediction = models.ForeignKey(Prediction, models.PROTECT, null=True)  # the one that was shown before this revision
    late = models.BooleanField(default=False)
    seconds = models.FloatField(null=True)
    batch = models.ForeignKey(Import, models.PROTECT, null=True)
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label or self.outcome


class Judgment(JudgmentColumns):
    """What a judge said of a pair, in the project's scale; undo and change are further revisions. Append-only."""

    append_only = True

    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")  # a stale one
    idempotency_key = models.UUIDField(null=True)
    body_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_judgment_per_pair_judge_round_revision", fields=["pair", "judge", "round", "revision"]
            ),
            models.UniqueConstraint(name="submit_is_idempotent", fields=["idempotency_key"]),
            models.CheckConstraint(
                name="empty_label_is_refused",
                condition=(Q(outcome="label") & ~Q(label="")) | (~Q(outcome="label") & Q(label="")),
            ),
            models.CheckConstraint(
                name="blind_slots_never_carry_a_prediction",
                condition=~Q(mode__in=["blind", "facts"]) | Q(prediction__isnull=True),
            ),
            models.CheckConstraint(
                name="blind_slots_never_carry_a_grid", condition=~Q(mode="blind") | Q(grid__isnull=True)
            ),
        ]
        indexes = [models.Index(name="judgments_of_judge", fields=["judge", "-id"])]


class StandingJudgment(JudgmentColumns):
    """The judgments that count now, the only place that says which (a view, migration 0016): of each judge the last
    revision of the latest round, not withdrawn, and not judged again by somebody's answer that stands.

    What an undo takes back is the answer of its round: what the judge had said in an earlier round stands again.
    """

    class Meta:
        managed = False
        db_table = "annotation_standingjudgment"


class DayOfWork(models.Model):
    """How many pairs a judge has answered on a day, less what they took back that day: counted as it happens, since
    counting judgments takes longer with every one of them."""

    judge = models.ForeignKey(Judge, models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    done = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_count_per_judge_and_day", fields=["judge", "day"])]

    def __str__(self) -> str:
        return f"{self.done} on {self.day}"


class Gold(models.Model):
    """The settled label of a pair; the latest revision counts. Invariants: gold_names_its_ground,
    labels_came_by_a_confirmed_mapping."""

    append_only = True

    class Ground(models.TextChoices):
        CONSENSUS = "consensus", _("consensus")
        ADJUDICATION = "adjudication", _("adjudication")
        IMPORT = "import", _("import")

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="golds")
    revision = models.PositiveSmallIntegerField(default=1)
    label = models.CharField(max_length=20, blank=True)  # empty: withdrawn, the ground no longer holds
    mismatch = models.CharField(max_length=30, blank=True)
    ground = models.CharField(max_length=12, choices=Ground.choices)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    judgments = models.JSONField(default=list)  # ids of the agreeing judgments, for consensus
    adjudication = models.ForeignKey("Adjudication", models.PROTECT, null=True)
    batch = models.ForeignKey(Import, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_gold_per_pair_and_revision", fields=["pair", "revision"]),
            models.CheckConstraint(
                name="gold_names_its_ground",
                condition=(Q(ground="consensus") & ~Q(judgments=[]))
                | Q(ground="adjudication", adjudication__isnull=False)
                | Q(ground="import", batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.label
