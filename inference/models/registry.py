"""Models as rows: what a prediction points to, what was learnt, and how far their confidence can be believed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from inference.models.prompts import PromptVersion
from projects.models import Person, Project


class ModelVersion(models.Model):
    """One engine at one revision with one prompt version. `learnt` is false for a cold start, and pages say so."""

    class Role(models.TextChoices):
        JUDGE = "judge", _("judge")
        CAPTIONER = "captioner", _("captioner")
        TEACHER = "teacher", _("teacher")
        STUDENT = "student", _("student")

    class State(models.TextChoices):
        REGISTERED = "registered", _("registered")
        RETIRED = "retired", _("retired")

    class Pictures(models.TextChoices):
        """How a judge learns what an item's picture shows."""

        NONE = "none", _("not at all")
        CAPTION = "caption", _("by caption")
        PICTURE = "picture", _("the picture itself")

    name = models.CharField(max_length=80)
    engine = models.CharField(max_length=40)
    target = models.CharField(max_length=500, blank=True)  # a server's address or a folder of weights
    revision = models.CharField(max_length=120)
    prompt_version = models.CharField(max_length=60)
    prompt = models.ForeignKey(PromptVersion, models.PROTECT, null=True)  # empty: the engine needs no prompt
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.JUDGE)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REGISTERED)
    pictures = models.CharField(max_length=10, choices=Pictures.choices, default=Pictures.NONE)
    options = models.JSONField(default=dict)  # inference.registry.connecting says which
    found = models.JSONField(default=dict)  # what a probe of the engine showed when it was registered
    learnt = models.BooleanField(default=False)
    registered_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_model_per_engine_and_revision",
                fields=["engine", "target", "revision", "prompt_version", "role", "pictures", "name"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.revision})"

    @property
    def cold_start(self) -> bool:
        """It needs neither prompt nor lesson, only the rules: its revision is theirs."""
        return self.prompt_id is None and not self.learnt


class ActiveModel(models.Model):
    """The model that answers in a project when nobody names one; without a project, the one new projects start with.

    A project without a row is judged by the cold start. Its people alone change its row; each change is in its audit log.
    """

    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="active_models", db_index=False)
    role = models.CharField(max_length=20, choices=ModelVersion.Role.choices, default=ModelVersion.Role.JUDGE)
    model = models.ForeignKey(ModelVersion, models.PROTECT, related_name="active_in")
    # Another model than this one, whatever its prompts: what can be put back (registry.putting_back).
    before = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")
    promoted_by = models.ForeignKey(Person, models.PROTECT, null=True)
    promoted_at = models.DateTimeField(db_default=ClockTimestamp())
    # Pairs from here on are as the model before left them; none: all follow this one (annotation.gold.following_models).
    behind_from = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_active_model_per_project_and_role", fields=["project", "role"]),
            models.UniqueConstraint(
                name="one_default_model_per_role", fields=["role"], condition=Q(project__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.project_id or 'new projects'}: {self.model_id}"


class FormerModel(models.Model):
    """A model that answered in a project before the one that does now: what it predicted is old, not a candidate's."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="former_models", db_index=False)
    model = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_former_model_per_project", fields=["project", "model"])]

    def __str__(self) -> str:
        return f"{self.model_id}, formerly of {self.project_id}"


class LearntModel(models.Model):
    """What a distilled model learnt: its trees, the catalogue statistics they read, and the report they earned."""

    append_only = True

    version = models.OneToOneField(ModelVersion, models.PROTECT, related_name="lesson")
    project = models.ForeignKey(Project, models.PROTECT)
    source = models.CharField(max_length=10)  # people, gold or model
    body = models.BinaryField()
    corpus = models.JSONField(default=dict)
    report = models.JSONField()
    trained_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"{self.version} from {self.source}"


class Lineage(models.Model):
    """Queries that a model has learnt from, by the digests of their families (relevance.splits); read by registry.lineage."""

    append_only = True

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="lineages")
    split_version = models.PositiveSmallIntegerField()  # of what a family is
    families = models.BinaryField()  # SHA-256 of each, 32 bytes, sorted
    told_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"what {self.version} learnt from"


class Calibration(models.Model):
    """How a model's posterior is turned into a confidence, fitted on a project's gold; the newest one counts."""

    append_only = True

    model = models.ForeignKey(ModelVersion, models.PROTECT, related_name="calibrations")
    project = models.ForeignKey(Project, models.PROTECT)
    method = models.CharField(max_length=12)  # temperature or isotonic
    parameters = models.JSONField()
    pairs = models.PositiveIntegerField()
    ece_before = models.FloatField()
    ece_after = models.FloatField()
    bins = models.JSONField()  # of the reliability diagram
    fitted_by = models.ForeignKey(Person, models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    def __str__(self) -> str:
        return f"{self.method} of {self.model}"
