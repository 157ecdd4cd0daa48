"""The lexicon a project's queries are read with: learnt from its catalogue, stored by digest; the shipped one till then."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from catalogue.models import Import, LearntLexicon, Snapshot
from database.statements import run
from projects.models import Project
from relevance.facts import ItemFacts, fold
from relevance.lexicon import KIND_OF_ATTRIBUTE, LONGEST_LEARNT, Lexicon

_CURRENT = """FROM catalogue_item i JOIN catalogue_snapshot s ON s.id = i.current_snapshot_id{more}
                WHERE i.project_id = %s"""
_CATALOGUE = _CURRENT.format(more="")
_ATTRIBUTES = _CURRENT.format(more=" CROSS JOIN jsonb_array_elements(s.cpv) a")


def learn(project: Project) -> LearntLexicon:
    """Read the whole catalogue once; the same catalogue gives the same row."""
    with transaction.atomic():
        # Without this the planner, which takes the catalogue for empty right after an import, would look up item by item.
        run("SET LOCAL enable_nestloop = off")
        lexicon = Lexicon.shipped().learn(_items(project))
        run("SET LOCAL enable_nestloop = on")
    row, _new = LearntLexicon.objects.get_or_create(
        project=project, digest=lexicon.digest, defaults={"body": lexicon.to_json()}
    )
    return row


def up_to_date(project: Project) -> LearntLexicon:
    """The learnt lexicon, learnt again only where the catalogue has grown or changed since."""
    latest = newest(project)
    if latest is None:
        return learn(project)
    # Without this every trial of the playground would read all snapshots: no index orders them by time.
    if not Import.objects.filter(project=project).exclude(finished_at__lte=latest.created_at).exists():
        return latest
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
    """Each category of the catalogue once, and each value of an attribute that names something: all that is learnt from.

    The database folds a million items into the few thousand facts that they repeat.
    """
    for (category,) in _streamed(f"SELECT DISTINCT s.category {_CATALOGUE} AND s.category <> ''", project.pk):
        yield ItemFacts("", "", category)
    names = _streamed(f"SELECT DISTINCT a->>0 {_ATTRIBUTES}", project.pk)
    naming = [name for (name,) in names if fold(name) in KIND_OF_ATTRIBUTE]
    values = f"SELECT DISTINCT a->>0, a->>1 {_ATTRIBUTES} AND a->>0 = ANY(%s::text[]) AND length(a->>1) <= %s"
    for name, value in _streamed(values, project.pk, naming, LONGEST_LEARNT):
        yield ItemFacts("", "", cpv=((name, value),))


def _streamed(statement: str, *params: Any) -> Iterator[tuple[str, ...]]:
    # Without a cursor of the server's all that it finds would lie in memory at once.
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while found := cursor.fetchmany(2000):
            yield from found
