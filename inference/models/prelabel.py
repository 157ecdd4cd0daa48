"""What models were asked and said: query guidelines, runs with a job for each pair, every try, predictions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from catalogue.models.evidence import Grid, LearntLexicon
from catalogue.models.items import Snapshot
from catalogue.models.pairs import Pair, Query
from database.clock import ClockTimestamp
from inference.models.knowledge import Caption
from inference.models.registry import Calibration, ModelVersion
from jobs.models import Job, JobState
from projects.models import Person, Project
from rules.models import RuleBaseVersion


class QueryGuideline(models.Model):
    """What a query asks for, told once and read with all its items; the newest revision counts."""

    append_only = True

    query = models.ForeignKey(Query, models.PROTECT, related_name="guidelines")
    revision = models.PositiveIntegerField()
    intent = models.TextField()
    required = models.JSONField(default=list)
    optional = models.JSONField(default=list)
    model = models.ForeignKey(ModelVersion, models.PROTECT, null=True)  # empty: a person wrote it
    written_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_guideline_per_query_and_revision", fields=["query", "revision"])
        ]

    def __str__(self) -> str:
        return self.intent[:80]


class PrelabelRun(models.Model):
    """A person's request to pre-label a project with one model under one rule base version."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="runs")
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    rule_base = models.ForeignKey(RuleBaseVersion, models.PROTECT)
    lexicon = models.ForeignKey(LearntLexicon, models.PROTECT)
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)
    samples = models.PositiveSmallIntegerField(default=1)  # chains per pair; above 1 for self-consistency
    only = models.CharField(max_length=10, blank=True)  # failed, stale or missing; empty: whatever is not answered yet
    attempt = models.PositiveIntegerField(default=1)  # raised by a run that asks again what came out invalid
    pairs = models.PositiveIntegerField(default=0)
    reused = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=500, blank=True, db_default="")  # of its engine: a code, and what was said
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"run {self.pk}"


class PrelabelJob(Job):
    """One pair to pre-label. done names its prediction; dead names its error and may be replayed."""

    run = models.ForeignKey(PrelabelRun, models.PROTECT, related_name="jobs", db_index=False)  # others begin with it
    pair = models.ForeignKey(Pair, models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    prediction = models.ForeignKey("Prediction", models.PROTECT, null=True)

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(name="one_job_per_run_and_pair", fields=["run", "pair"]),
            models.CheckConstraint(
                name="done_job_names_its_prediction",
                condition=~Q(state=JobState.DONE) | Q(prediction__isnull=False),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(name="jobs_of_run_by_state", fields=["run", "state"]),
            # Without it a claim would sort all that is due of its run.
            models.Index(
                name="jobs_of_run_due",
                fields=["run", "due_at"],
                condition=Q(state__in=["queued", "failed", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"


class PrelabelAttempt(models.Model):
    """One try at a job, kept whatever became of it; a late one is superseded."""

    append_only = True

    job = models.ForeignKey(PrelabelJob, models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    token = models.UUIDField()
    outcome = models.CharField(max_length=20)  # ok, invalid, failed, superseded
    error = models.CharField(max_length=500, blank=True)
    answer = models.TextField(blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"{self.outcome} ({self.number})"


class PredictionColumns(models.Model):
    """What a model said of a pair: the columns that the log and what stands of it share."""

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="%(class)ss")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT)
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    rule_base = models.ForeignKey(RuleBaseVersion, models.PROTECT)
    grid = models.ForeignKey(Grid, models.PROTECT)
    caption = models.ForeignKey(Caption, models.PROTECT, null=True)
    guideline = models.ForeignKey(QueryGuideline, models.PROTECT, null=True)
    knowledge = models.JSONField(default=list)  # ids of the revisions of the cards that were told
    prompt_digest = models.CharField(max_length=64)
    sampling = models.JSONField(default=dict)
    key_sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=60, blank=True)
    label = models.CharField(max_length=2, blank=True)
    mismatch = models.CharField(max_length=30, blank=True)
    posterior = models.JSONField(null=True)
    margin = models.FloatField(null=True)
    confidence = models.FloatField(null=True)  # calibrated share of the label; null: nobody has measured it
    calibration = models.ForeignKey(Calibration, models.PROTECT, null=True)
    chain = models.JSONField(null=True)
    samples = models.JSONField(default=list)  # the label, or "invalid", of each sampled chain
    contradicts = models.JSONField(default=list)
    moved = models.JSONField(default=list)  # what moved a learnt model: feature, and how far towards good or bad
    signals = models.JSONField(default=list)  # relevance.suspicion
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label or self.reason


class Prediction(PredictionColumns):
    """A model's opinion, append-only: ok with a LORE-4 label, or invalid with a reason and no label.

    Invariants: prediction_names_its_origin, invalid_has_no_label, one_prediction_per_key.
    """

    append_only = True

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_prediction_per_key", fields=["key_sha256"]),
            models.CheckConstraint(
                name="invalid_has_no_label",
                condition=Q(status="ok", reason="", label__in=["L1", "L2", "L3", "L4"])
                | (Q(status="invalid", label="", posterior__isnull=True) & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="prediction_names_its_origin", condition=~Q(prompt_digest="") & ~Q(key_sha256="")
            ),
        ]
        indexes = [models.Index(name="predictions_of_pair", fields=["pair", "-id"])]


class StandingPrediction(PredictionColumns):
    """What a pair's project takes the model to say, the only place that says which (a view, migration 0016): the newest
    ok prediction by the project's active model on the item's current snapshot. Any other model's is asked for by name.
    """

    class Meta:
        managed = False
        db_table = "inference_standingprediction"
