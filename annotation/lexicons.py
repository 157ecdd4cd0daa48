"""The lexicon a project's queries are read with: learnt from its catalogue, stored by digest; the shipped one till then."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from annotation.models import Item, LearntLexicon, Snapshot
from projects.models import Project
from relevance.facts import ItemFacts
from relevance.lexicon import Lexicon


def learn(project: Project) -> LearntLexicon:
    """Read the whole catalogue once; the same catalogue gives the same row."""
    lexicon = Lexicon.shipped().learn(_items(project))
    row, _new = LearntLexicon.objects.get_or_create(
        project=project, digest=lexicon.digest, defaults={"body": lexicon.to_json()}
    )
    return row


def up_to_date(project: Project) -> LearntLexicon:
    """The learnt lexicon, learnt again only where the catalogue has grown or changed since."""
    latest = newest(project)
    if latest is None:
        return learn(project)
    changed = Snapshot.objects.filter(item__project=project, created_at__gt=latest.created_at)
    return learn(project) if changed.exists() else latest


def newest(project: Project) -> LearntLexicon | None:
    return LearntLexicon.objects.filter(project=project).defer("body").order_by("-id").first()


def current(project: Project) -> Lexicon:
    """What a page reads a query with: never learns, so that nobody waits."""
    latest = newest(project)
    return value(latest.pk) if latest is not None else shipped()


@lru_cache(maxsize=8)
def value(pk: int) -> Lexicon:
    """Rows never change, so a process reads each once."""
    return Lexicon.from_json(LearntLexicon.objects.get(pk=pk).body)


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    return Lexicon.shipped()


def _items(project: Project) -> Iterator[ItemFacts]:
    rows = Item.objects.filter(project=project, current_snapshot__isnull=False).select_related("current_snapshot")
    for item in rows.order_by("pk").iterator(chunk_size=2000):
        assert item.current_snapshot is not None
        yield item.current_snapshot.facts(item.external_id)
