"""What is offered: items with immutable snapshots.

Rows that imports write by the million have few indexes: a foreign key has one of its own only where nothing else begins
with its column and something asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from django.db import models
from django.db.models import Q

from catalogue.models.imports import Import
from catalogue.pictures import snapshot_words
from catalogue.pictures.snapshot_words import PrintedWords
from database.clock import ClockTimestamp
from projects.models import Project
from relevance.facts import ItemFacts, Sku


class Item(models.Model):
    """An item is its shop's id in one locale: the same id in another locale is another item. `locale` is '' where none is told."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="items", db_index=False)
    external_id = models.CharField(max_length=200)
    locale = models.CharField(max_length=20, blank=True, db_default="", default="")
    current_snapshot = models.ForeignKey("Snapshot", models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_item_per_project_external_id_and_locale", fields=["project", "external_id", "locale"]
            )
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

    @cached_property
    def printed(self) -> PrintedWords:
        """What was read off its pictures by now: a query where there are pictures; of many at once `read_together`."""
        if self.pk is None or not (self.images or self.image_addresses):
            return snapshot_words.NOBODY
        return snapshot_words.of_snapshots([self.pk]).get(self.pk, snapshot_words.NOBODY)

    @staticmethod
    def read_together(snapshots: Iterable[Snapshot]) -> None:
        """Without it each of many snapshots with pictures would ask for its words by itself."""
        pictured = [one for one in snapshots if one.images or one.image_addresses]
        found = snapshot_words.of_snapshots({one.pk for one in pictured})
        for one in pictured:
            one.printed = found.get(one.pk, snapshot_words.NOBODY)

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
            picture_words=self.printed.text,
            price=self.price,
        )
