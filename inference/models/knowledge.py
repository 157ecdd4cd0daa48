"""What helps to understand a query: knowledge cards with their history, and captions of pictures."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from database.clock import ClockTimestamp
from inference.models.registry import ModelVersion
from jobs.models import Job
from projects.models import Person, Project


class KnowledgeCard(models.Model):
    """What one key (a term, a query, an item, a category) means here. Every wording of it stays as a revision."""

    class Kind(models.TextChoices):
        TERM = "term", _("term or slang")
        TOP_CLICKED = "top_clicked", _("top-clicked items")
        SELLING_POINT = "selling_point", _("selling point")
        CATEGORY = "category", _("category")
        ATTRIBUTE = "attribute", _("attribute value")

    project = models.ForeignKey(Project, models.PROTECT, related_name="knowledge")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    key = models.CharField(max_length=300)
    key_folded = models.CharField(max_length=300)  # relevance.facts.fold: how keys are compared
    locale = models.CharField(max_length=20, blank=True)
    text = models.TextField()
    source = models.CharField(max_length=200, blank=True)
    item_ids = models.JSONField(default=list)
    clicks = models.PositiveIntegerField(null=True)
    search = SearchVectorField(null=True)  # key and text as segmented words
    revision = models.PositiveIntegerField(default=1)
    retired = models.BooleanField(default=False)
    updated_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_card_per_kind_key_and_locale", fields=["project", "kind", "key_folded", "locale"]
            )
        ]
        indexes = [
            GinIndex(name="knowledge_search", fields=["search"]),
            models.Index(name="knowledge_by_key", fields=["project", "key_folded"], condition=Q(retired=False)),
        ]

    def __str__(self) -> str:
        return self.key


class KnowledgeRevision(models.Model):
    """One wording of a card, by whom and when."""

    append_only = True

    card = models.ForeignKey(KnowledgeCard, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    source = models.CharField(max_length=200, blank=True)
    item_ids = models.JSONField(default=list)
    clicks = models.PositiveIntegerField(null=True)
    retired = models.BooleanField(default=False)
    written_by = models.ForeignKey(Person, models.PROTECT, null=True)  # empty: by an import from the command line
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_wording_per_card_and_number", fields=["card", "number"])]

    def __str__(self) -> str:
        return f"{self.card} ({self.number})"


class Caption(models.Model):
    """What a vision model answered to a question about a picture."""

    append_only = True

    image_sha256 = models.CharField(max_length=64)
    question_sha256 = models.CharField(max_length=64)
    question = models.TextField()
    model = models.ForeignKey(ModelVersion, models.PROTECT)
    text = models.TextField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_caption_per_image_question_and_model", fields=["image_sha256", "question_sha256", "model"]
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class KnowledgeImport(Job):
    """A file of cards that somebody brought in the browser. `read`: its rows so far, whatever became of them; `rejected_rows`
    and `reasons` as `inference.knowledge.files` tells them, in the language of `locale`. The file goes once the
    import has ended."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="knowledge_imports")
    file_name = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=255)
    locale = models.CharField(max_length=20)
    total = models.PositiveIntegerField()
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    rejected_rows = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    requested_by = models.ForeignKey(Person, models.PROTECT)

    class Meta(Job.Meta):
        pass

    def __str__(self) -> str:
        return self.file_name
