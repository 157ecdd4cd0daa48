"""Which knowledge cards a query is told, and why. What is found can be looked at, and may be nothing.

A noisy note costs more than a missing one, and one good note is worth more than three, so a card must be about the
query: its key stands in the query as whole words, is spelt almost like a part of it, or most of the query's words stand
in the card. Words alone count only where no key does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from database.statements import lexeme, statement
from inference.knowledge.index_terms import SHARE, KnowledgeQuery, Part, likeness
from inference.models import KnowledgeCard, KnowledgeRevision
from projects.models import Project
from relevance.facts import fold
from relevance.segmenting import closed

LIMIT = 3
MOST_CANDIDATES = 60
TOLD_TEXT = 400  # characters of a card's text that a prompt is told
TOLD_ITEMS = 5
TEXT_ALONE = 3  # words of the query that the text must hold where the key holds none
INSIDE = frozenset(
    {KnowledgeCard.Kind.TERM, KnowledgeCard.Kind.TOP_CLICKED, KnowledgeCard.Kind.CATEGORY, KnowledgeCard.Kind.ATTRIBUTE}
)  # a selling point's key is an item or a shop: it must be the query, or be met by its words


class Why(StrEnum):
    """What makes a card be about a query, strongest first."""

    EXACT = "exact_key"
    INSIDE = "key_in_query"
    CATEGORY = "category"
    SPELLING = "similar_spelling"
    WORDS = "full_text"


WHY_NAMES = {
    Why.EXACT: _("the key is the query"),
    Why.INSIDE: _("the key stands in the query"),
    Why.CATEGORY: _("the card of the category"),
    Why.SPELLING: _("the key is spelt almost like a part of the query"),
    Why.WORDS: _("the card holds most words of the query"),
}
_WEIGHT = {Why.EXACT: 4.0, Why.INSIDE: 3.0, Why.CATEGORY: 2.5, Why.SPELLING: 2.0, Why.WORDS: 1.0}


@dataclass(frozen=True)
class Hit:
    """A card that is about a query: its newest wording, how much (more is better, from 1 to 5) and why."""

    card: KnowledgeCard
    revision_id: int
    score: float
    why: str

    @property
    def why_name(self) -> str:
        return str(WHY_NAMES[Why(self.why)])


class _Reason(NamedTuple):
    """Why, how much from 0 to 1, and the part of the query that is the key."""

    why: Why
    degree: float
    part: Part | None = None


class _Candidate(NamedTuple):
    """A card the index offers for a query: its rank by words, and how many of the query's words it holds."""

    card_id: int
    rank: float
    held: int
    in_key: int


def retrieve(project: Project, query: str, *, locale: str = "", category: str = "", limit: int = LIMIT) -> list[Hit]:
    """The cards a query would be told, best first; often none. See `for_queries`."""
    return for_queries(project, [query], locale=locale, category=category, limit=limit)[query]


def for_queries(
    project: Project, queries: Sequence[str], *, locale: str = "", category: str = "", limit: int = LIMIT
) -> dict[str, list[Hit]]:
    """`retrieve` for many, in four database queries whatever their number.

    A `locale` keeps cards of other languages out; a `category` (a path such as "shoes > boots") adds its own card.
    """
    if not KnowledgeCard.objects.filter(project=project, retired=False).exists():
        return {query: [] for query in queries}
    leaf = fold(category).split(">")[-1].strip()
    asked = {query: KnowledgeQuery.of(query) for query in queries}
    candidates = _candidates(project, list(asked.values()), leaf)
    offered = {one.card_id for found in candidates for one in found}
    rows = KnowledgeCard.objects.defer("search").in_bulk(offered)
    cards = {pk: card for pk, card in rows.items() if _speaks(card, locale)}
    told = {
        query: _best([one for one in found if one.card_id in cards], cards, asked[query], leaf)[:limit]
        for query, found in zip(asked, candidates, strict=True)
    }
    revisions = _revisions({cards[pk] for found in told.values() for pk, _score, _why in found})
    return {
        query: [Hit(cards[pk], revisions[pk], score, why) for pk, score, why in found] for query, found in told.items()
    }


def note(hit: Hit) -> dict[str, Any]:
    """What a prompt is told of a card."""
    card = hit.card
    told: dict[str, Any] = {"kind": card.kind, "about": card.key, "text": card.text[:TOLD_TEXT]}
    if card.item_ids:
        told["items"] = card.item_ids[:TOLD_ITEMS]
    if card.clicks is not None:
        told["clicks"] = card.clicks
    return told


_CANDIDATES = statement(__file__, "candidates")


def _candidates(project: Project, asked: Sequence[KnowledgeQuery], leaf: str) -> list[list[_Candidate]]:
    """For each query the cards that the index offers, in one database query."""
    of_category = f" | {lexeme(f'={closed(leaf)}')}" if leaf else ""
    parameters: dict[str, Any] = {
        "project": project.pk,
        "keys": [one.keys + of_category for one in asked],
        "together": [one.together for one in asked],
        "any": [one.any for one in asked],
        "words": [" ".join(one.words) for one in asked],
        "most": MOST_CANDIDATES,
    }
    found: list[list[_Candidate]] = [[] for _one in asked]
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, parameters)
        for number, *rest in cursor.fetchall():
            found[number - 1].append(_Candidate(*rest))
    return found


def _speaks(card: KnowledgeCard, locale: str) -> bool:
    """A card without a locale speaks to all; en-GB and en understand each other."""
    mine, wanted = (text.replace("_", "-").casefold().split("-")[0] for text in (card.locale, locale))
    return not mine or not wanted or mine == wanted


def _best(
    found: Sequence[_Candidate], cards: Mapping[int, KnowledgeCard], asked: KnowledgeQuery, leaf: str
) -> list[tuple[int, float, Why]]:
    """(card, score, why), best first: without keys that a longer key of the same kind covers, and words only alone."""
    judged = [
        (cards[one.card_id], reason) for one in found if (reason := _reason(cards[one.card_id], one, asked, leaf))
    ]
    by_key = any(reason.why is not Why.WORDS for _card, reason in judged)
    longer = [(card.kind, reason.part) for card, reason in judged if reason.part is not None]
    kept = [
        (card.pk, round(_WEIGHT[reason.why] + reason.degree, 3), reason.why)
        for card, reason in judged
        if not (by_key and reason.why is Why.WORDS) and not _covered(card, reason.part, longer)
    ]
    return sorted(kept, key=lambda one: (-one[1], -(cards[one[0]].clicks or 0), one[0]))


def _reason(card: KnowledgeCard, offered: _Candidate, asked: KnowledgeQuery, leaf: str) -> _Reason | None:
    """Why a card is about a query; None where it is not."""
    key = closed(card.key)
    if key == closed(asked.folded):
        return _Reason(Why.EXACT, 1.0, Part(key, 0, len(asked.folded), 0))
    if card.kind in INSIDE and _says_something(key):
        if part := next((part for part in asked.parts if part.closed == key), None):
            return _Reason(Why.INSIDE, min(0.99, (part.end - part.start) / len(asked.folded)), part)
        if card.kind == KnowledgeCard.Kind.CATEGORY and leaf and key == closed(leaf):
            return _Reason(Why.CATEGORY, 0.0)
        if (alike := max((likeness(part.closed, key) for part in asked.parts), default=0.0)) > 0:
            return _Reason(Why.SPELLING, min(0.49, alike / 2))
    return _by_words(offered, len(asked.words))


def _says_something(key: str) -> bool:
    """A number or a single letter stands in too many queries."""
    return not key.isdigit() and (len(key) > 1 or not key.isascii())


def _by_words(offered: _Candidate, wanted: int) -> _Reason | None:
    least = 2 if offered.in_key else TEXT_ALONE
    if offered.held < least or offered.held < SHARE * wanted:
        return None
    return _Reason(Why.WORDS, 0.8 * offered.held / wanted + 0.19 * offered.rank)


def _covered(card: KnowledgeCard, part: Part | None, longer: Sequence[tuple[str, Part]]) -> bool:
    return part is not None and any(kind == card.kind and part.within(other) for kind, other in longer)


def _revisions(cards: set[KnowledgeCard]) -> dict[int, int]:
    """The wording that each card had when it was read, even if it was changed since."""
    read = {(card.pk, card.revision) for card in cards}
    rows = KnowledgeRevision.objects.filter(card__in=cards, number__in={number for _pk, number in read})
    found = rows.values_list("card_id", "number", "pk")
    return {card_id: pk for card_id, number, pk in found if (card_id, number) in read}
