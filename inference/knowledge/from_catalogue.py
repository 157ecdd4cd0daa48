"""Knowledge cards of what a catalogue itself shows: what lies below a category, and which values an attribute has."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from django.db.models import F

from inference.knowledge.files import KnowledgeCounts
from inference.knowledge.history import (
    CHANGED,
    LONGEST_KEY,
    LONGEST_TEXT,
    NEW,
    SAME,
    CardRefused,
    Identity,
    Written,
    write_all,
    written,
)
from inference.models import KnowledgeCard, KnowledgeRevision
from projects.models import Project

MOST_CARDS = 500
MOST_NAMED = 12  # children of a category, values of an attribute
LEAST_ITEMS = 2  # what a single item says is not the catalogue's way
SOURCE = "catalogue"
_BELOW = re.compile(r"\s*[>›»]\s*|\s+/\s+")

Named = Mapping[str, Counter[str]]


def from_catalogue(project: Project, rows: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> KnowledgeCounts:
    """One row for each item: its category path ("shoes > boots") and its attributes as (name, value).

    The most frequent categories and attributes become cards, `MOST_CARDS` at most, each key once. A card that a person
    wrote or that came from elsewhere stays as it is. Names and values are counted in memory.
    """
    below, values, items = _tally(rows)
    cards = [
        *((items[path], card) for path, names in below.items() if (card := _category(path, items[path], names))),
        *((sum(counted.values()), card) for name, counted in values.items() if (card := _attribute(name, counted))),
    ]
    cards.sort(key=lambda one: (-one[0], one[1].identity))
    frequent = islice(_distinct([card for _items, card in cards], taken=_of_others(project)), MOST_CARDS)
    outcomes = write_all(project, frequent, None, origin=SOURCE)
    return KnowledgeCounts(outcomes[NEW], outcomes[CHANGED], outcomes[SAME])


def _tally(rows: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> tuple[Named, Named, Counter[str]]:
    """What lies directly below each category path, the values of each attribute, the items of each path."""
    below: defaultdict[str, Counter[str]] = defaultdict(Counter)
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    items: Counter[str] = Counter()
    for category, attributes in rows:
        path = [name for name in _BELOW.split(category.strip()) if name]
        for depth in range(1, len(path) + 1):
            here = " > ".join(path[:depth])
            items[here] += 1
            below[here].update(path[depth : depth + 1])
        for name, value in attributes:
            if name.strip() and value.strip():
                values[" ".join(name.split())][" ".join(value.split())[:80]] += 1
    return below, values, items


def _category(path: str, items: int, names: Counter[str]) -> Written | None:
    """Keyed by the category's own name; says where it lies and what lies directly below."""
    above, _sign, own = path.rpartition(" > ")
    children = ", ".join(_common(names))
    if items < LEAST_ITEMS or not (above or children):
        return None
    return _card(KnowledgeCard.Kind.CATEGORY, own, f"{path}: {children}" if children else path)


def _attribute(name: str, counted: Counter[str]) -> Written | None:
    return _card(KnowledgeCard.Kind.ATTRIBUTE, name, ", ".join(_common(counted)))


def _common(counted: Counter[str]) -> list[str]:
    """The most frequent, ties in the order of their names."""
    often = [(count, name) for name, count in counted.items() if count >= LEAST_ITEMS]
    return [name for _count, name in sorted(often, key=lambda one: (-one[0], one[1]))[:MOST_NAMED]]


def _card(kind: str, key: str, text: str) -> Written | None:
    try:
        return written(kind, key[:LONGEST_KEY], text[:LONGEST_TEXT], source=SOURCE)
    except CardRefused:
        return None


def _distinct(cards: Iterable[Written], *, taken: set[Identity]) -> Iterator[Written]:
    """The first of each identity, which is the most frequent one: two paths may end in the same name."""
    for card in cards:
        if card.identity not in taken:
            taken.add(card.identity)
            yield card


def _of_others(project: Project) -> set[Identity]:
    """Cards whose newest wording is a person's, or comes from another source."""
    newest = KnowledgeRevision.objects.filter(card__project=project, number=F("card__revision"))
    others = newest.exclude(source=SOURCE, written_by=None)
    return set(others.values_list("card__kind", "card__key_folded", "card__locale"))
