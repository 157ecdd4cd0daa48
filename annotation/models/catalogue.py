"""What is judged: imports, items with immutable snapshots, images, queries and pairs.

Rows that imports write by the million have few indexes: a foreign key has one of its own only where nothing else begins
with its column and something asks for it.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.jobs import Job
from projects.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.facts import ItemFacts, PairFacts, Sku


class Import(Job):
    """One file brought in: where its texts come from, under which licence, and what became of each row."""

    class Kind(models.TextChoices):
        PAIRS = "pairs", _("pairs")
        ITEMS = "items", _("catalogue items")

    project = models.ForeignKey(Project, models.PROTECT, related_name="imports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    file_name = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=255, blank=True)
    images_folder = models.CharField(max_length=500, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    attribution = models.CharField(_("attribution"), max_length=500, blank=True)
    preset = models.CharField(max_length=60, blank=True)
    mapping = models.JSONField(default=dict)
    scale_name = models.CharField(max_length=20, blank=True)
    confirmed = models.BooleanField(default=False)
    requested_by = models.ForeignKey(Person, models.PROTECT, null=True)
    bytes_total = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    gold = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.file_name


class Rejection(models.Model):
    """A row that did not go in: its number, the field and the reason; the row itself is kept for download."""

    append_only = True

    batch = models.ForeignKey(Import, models.PROTECT, related_name="rejections")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300)
    raw = models.TextField(blank=True)
    raw_sha256 = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        indexes = [models.Index(name="rejections_by_import", fields=["batch", "row"])]

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


class Image(models.Model):
    """A picture that we decoded, checked and re-encoded; the bytes lie in storage under their content hash."""

    append_only = True

    project = models.ForeignKey(Project, models.PROTECT)
    sha256 = models.CharField(max_length=64)
    original_name = models.CharField(max_length=255)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_image_per_project_and_hash", fields=["project", "sha256"])]
        indexes = [models.Index(name="images_by_name", fields=["project", "original_name"])]

    def __str__(self) -> str:
        return self.sha256[:12]


class Item(models.Model):
    project = models.ForeignKey(Project, models.PROTECT, related_name="items", db_index=False)
    external_id = models.CharField(max_length=200)
    current_snapshot = models.ForeignKey("Snapshot", models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_item_per_project_and_external_id", fields=["project", "external_id"])
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def snapshot_now(self) -> int:
        """The id of the current snapshot: an item always has one once its import has committed."""
        assert self.current_snapshot_id is not None, f"item {self.pk} has no snapshot"
        return self.current_snapshot_id


class Snapshot(models.Model):
    """What an item said at one time. Invariant: snapshots_are_immutable (trigger).

    `sha256` is of the content, `raw_sha256` of the row that brought it, byte for byte: whoever has the file can prove
    what it said. `sanitised` counts the signs that could not be stored.
    """

    append_only = True

    item = models.ForeignKey(Item, models.PROTECT, related_name="snapshots", db_index=False)
    sha256 = models.CharField(max_length=64)
    title = models.TextField()
    category = models.TextField(blank=True)
    cpv = models.JSONField(default=list)  # [[name, value], ...] in the catalogue's order
    skus = models.JSONField(default=list)  # [{"code", "name", "attributes": [[name, value], ...]}, ...]
    images = models.JSONField(default=list)  # content hashes
    image_addresses = models.JSONField(default=list, db_default=[])  # of pictures that a PictureFetch brings
    shop = models.TextField(blank=True)
    description = models.TextField(blank=True)
    selling_points = models.JSONField(default=list)
    price = models.CharField(max_length=40, blank=True)
    sanitised = models.PositiveIntegerField(default=0)
    raw_sha256 = models.CharField(max_length=64, blank=True, db_default="")
    batch = models.ForeignKey(Import, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_snapshot_per_item_and_content", fields=["item", "sha256"])]
        indexes = [models.Index(name="sanitised_snapshots", fields=["batch"], condition=Q(sanitised__gt=0))]

    def __str__(self) -> str:
        return self.title[:80]

    def facts(self, external_id: str = "") -> ItemFacts:
        """The snapshot as a value. Pass the item's id where it is known, else one query fetches it."""
        return ItemFacts(
            external_id=external_id or self.item.external_id,
            title=self.title,
            category=self.category,
            cpv=tuple((name, value) for name, value in self.cpv),
            skus=tuple(
                Sku(sku.get("code", ""), sku.get("name", ""), tuple((n, v) for n, v in sku.get("attributes", ())))
                for sku in self.skus
            ),
            shop=self.shop,
            description=self.description,
            selling_points=tuple(self.selling_points),
            images=tuple(self.images),
        )


class Query(models.Model):
    """A query is its text (NFC, white space folded, case kept). Benchmark queries never train."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="queries", db_index=False)
    text = models.TextField()
    locale = models.CharField(max_length=20, blank=True)
    is_benchmark = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_query_per_project_and_text", fields=["project", "text"])]
        indexes = [models.Index(name="benchmark_queries", fields=["project", "id"], condition=Q(is_benchmark=True))]

    def __str__(self) -> str:
        return self.text


class Pair(models.Model):
    """A query and an item to be judged together.

    `gold_label` follows the latest Gold row (annotation.settling); `judged` (by people of the project) and `predicted`
    are set by triggers, so that a list of a million pairs finds the few it wants; `findable` once its words are read
    (annotation.wording).
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
    """The words of a pair's query and of its item's current title, and its ids, for searching (annotation.wording)."""

    pair = models.OneToOneField(Pair, models.PROTECT, primary_key=True, related_name="words")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="pairs_by_word", fields=["words"], fastupdate=False)]

    def __str__(self) -> str:
        return f"words of {self.pair_id}"
