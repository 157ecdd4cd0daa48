"""What is judged: queries, each with the items that may answer it.

As with items, a foreign key has an index of its own only where something asks for it.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from catalogue.models.imports import Import
from catalogue.models.items import Item, Snapshot
from database.clock import ClockTimestamp
from projects.models import Project
from relevance.facts import PairFacts


class Query(models.Model):
    """A query is its text (NFC, white space folded, case kept) in one locale. Benchmark queries never train."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="queries", db_index=False)
    text = models.TextField()
    locale = models.CharField(max_length=20, blank=True)
    is_benchmark = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True)  # its text is gone for good (annotation.pairs.erasing)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_query_per_project_text_and_locale", fields=["project", "text", "locale"])
        ]
        indexes = [models.Index(name="benchmark_queries", fields=["project", "id"], condition=Q(is_benchmark=True))]

    def __str__(self) -> str:
        return self.text


class Pair(models.Model):
    """A query and an item to be judged together.

    `gold_label` follows the latest Gold row (annotation.gold.settling); `judged` (by people of the project) and `predicted`
    are set by triggers, so that a list of a million pairs finds the few it wants; `findable` once its words are read
    (catalogue.words).
    """

    # Always the query's project, whose own foreign key is checked: checking it again costs an import a tenth of its time.
    project = models.ForeignKey(Project, models.PROTECT, related_name="pairs", db_index=False, db_constraint=False)
    query = models.ForeignKey(Query, models.PROTECT, related_name="pairs", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="pairs")
    external_id = models.CharField(max_length=200, blank=True)
    batch = models.ForeignKey(Import, models.PROTECT, related_name="+", db_index=False)
    gold_label = models.CharField(max_length=20, blank=True)
    judged = models.BooleanField(db_default=False)
    predicted = models.BooleanField(db_default=False)
    findable = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_pair_per_query_and_item", fields=["query", "item"])]
        indexes = [
            models.Index(name="pairs_of_project", fields=["project", "id"]),
            models.Index(name="pairs_with_gold", fields=["project", "id"], condition=~Q(gold_label="")),
            models.Index(name="pairs_without_gold", fields=["project", "id"], condition=Q(gold_label="")),
            models.Index(name="pairs_by_label", fields=["project", "gold_label", "id"], condition=~Q(gold_label="")),
            models.Index(name="pairs_judged", fields=["project", "id"], condition=Q(judged=True)),
            models.Index(name="pairs_predicted", fields=["project", "id"], condition=Q(predicted=True)),
            models.Index(name="pairs_not_predicted", fields=["project", "id"], condition=Q(predicted=False)),
            models.Index(name="pairs_to_read", fields=["project", "id"], condition=Q(findable=False)),
        ]

    def __str__(self) -> str:
        return f"{self.query_id} x {self.item_id}"

    def facts(self, snapshot: Snapshot | None = None) -> PairFacts:
        seen = snapshot or self.item.current_snapshot
        assert seen is not None, "an item always has a snapshot once its import has committed"
        return PairFacts(self.query.text, seen.facts(self.item.external_id), self.query.locale)


class PairWords(models.Model):
    """The words of a pair's query and of its item's current title, and its ids, for searching (catalogue.words)."""

    pair = models.OneToOneField(Pair, models.PROTECT, primary_key=True, related_name="words")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="pairs_by_word", fields=["words"], fastupdate=False)]

    def __str__(self) -> str:
        return f"words of {self.pair_id}"
