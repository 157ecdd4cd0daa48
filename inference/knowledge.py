"""Knowledge cards: written with history, and found for a query. What is found can be looked at, and may be nothing.

A noisy note costs more than a missing one (DyKnow-RAG: one note beat three), so a card must be about the query: its key
stands in the query, its key is spelt almost like a part of it, or most of the query's words stand in the card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchVector
from django.db import connection, transaction
from django.db.models import Value
from rapidfuzz import fuzz, process

from inference.models import KnowledgeCard, KnowledgeRevision
from inference.segmenting import segmented, words
from projects.audit import record
from projects.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.facts import fold

LIMIT = 3
ALIKE = 88  # rapidfuzz ratio from which a key counts as a spelling of a part of the query
SHARE = 0.6  # of the query's words that a card must hold where its key does not stand in the query
MOST_CANDIDATES = 60
LONGEST_TEXT = 2000
_EXACT, _INSIDE, _ALIKE, _WORDS = "exact_key", "key_in_query", "similar_spelling", "words"
_WEIGHT = {_EXACT: 4.0, _INSIDE: 3.0, _ALIKE: 2.0, _WORDS: 1.0}


class Written(NamedTuple):
    """What a card says. `item_ids` and `clicks` belong to top-clicked items."""

    kind: str
    key: str
    text: str
    locale: str = ""
    source: str = ""
    item_ids: tuple[str, ...] = ()
    clicks: int | None = None


@dataclass(frozen=True)
class Hit:
    """A card that is about a query, and why: exact_key, key_in_query, similar_spelling or words."""

    card: KnowledgeCard
    revision_id: int
    score: float
    why: str


def save(project: Project, written: Written, by: Person | None) -> tuple[KnowledgeCard, str]:
    """A new card, or another wording of the one with this kind, key and locale: "new", "changed" or "same"."""
    key = " ".join(written.key.split())
    with transaction.atomic():
        identity = {"project": project, "kind": written.kind, "key_folded": fold(key), "locale": written.locale}
        card = KnowledgeCard.objects.select_for_update().filter(**identity).first()
        if card is not None and not card.retired and _content(card) == _content(written):
            return card, "same"
        outcome = "new" if card is None else "changed"
        if card is None:
            card = KnowledgeCard(**identity, key=key, revision=0)
        card.text, card.source, card.clicks = written.text, written.source, written.clicks
        card.item_ids, card.retired = list(written.item_ids), False
        _store(card, by)
    return card, outcome


def retire(card: KnowledgeCard, by: Person | None, *, retired: bool = True) -> None:
    """No query is told of it any more; it can be brought back."""
    with transaction.atomic():
        card.retired = retired
        _store(card, by)


def _store(card: KnowledgeCard, by: Person | None) -> None:
    card.revision += 1
    card.save()
    KnowledgeCard.objects.filter(pk=card.pk).update(
        search=SearchVector(Value(segmented(f"{card.key} {card.text}")), config="simple"), updated_at=ClockTimestamp()
    )
    KnowledgeRevision.objects.create(
        card=card,
        number=card.revision,
        text=card.text,
        source=card.source,
        item_ids=card.item_ids,
        clicks=card.clicks,
        retired=card.retired,
        written_by=by,
    )
    record(by, "knowledge.written", project=card.project, on=card, key=card.key, retired=card.retired)


def _content(said: KnowledgeCard | Written) -> tuple[Any, ...]:
    return (said.text, said.source, tuple(said.item_ids), said.clicks)


def retrieve(project: Project, query: str, *, limit: int = LIMIT) -> list[Hit]:
    """The cards a query would be told, best first; often none."""
    return for_queries(project, [query], limit=limit)[query]


def for_queries(project: Project, queries: Sequence[str], *, limit: int = LIMIT) -> dict[str, list[Hit]]:
    """`retrieve` for many, in one search for each and three queries for all."""
    if not KnowledgeCard.objects.filter(project=project, retired=False).exists():
        return {query: [] for query in queries}
    candidates = {query: _candidates(project, query) for query in queries}
    rows = KnowledgeCard.objects.in_bulk({pk for found in candidates.values() for pk in found})
    revisions = _revisions(rows.values())
    return {
        query: _best([rows[pk] for pk in found if pk in rows], query, revisions, limit)
        for query, found in candidates.items()
    }


_CANDIDATES = """
SELECT id FROM (
  (SELECT id, 10.0 AS score FROM inference_knowledgecard
   WHERE project_id = %(project)s AND NOT retired AND key_folded = ANY(%(parts)s::text[]) LIMIT %(most)s)
  UNION ALL
  (SELECT id, ts_rank_cd(search, to_tsquery('simple', %(any)s)) AS score FROM inference_knowledgecard
   WHERE project_id = %(project)s AND NOT retired AND search @@ to_tsquery('simple', %(any)s)
   ORDER BY score DESC, id LIMIT %(most)s)
) found GROUP BY id ORDER BY max(score) DESC, id LIMIT %(most)s
"""


def _candidates(project: Project, query: str) -> list[int]:
    """By the keys that may stand in the query, and by its words; both from an index."""
    asked = list(dict.fromkeys(words(query)))[:24]
    anything = " | ".join("'" + word.replace("\\", "").replace("'", "''") + "'" for word in asked) or "''"
    parameters: dict[str, Any] = {
        "project": project.pk,
        "parts": _parts(query),
        "any": anything,
        "most": MOST_CANDIDATES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, parameters)
        return [row[0] for row in cursor.fetchall()]


def _parts(query: str) -> list[str]:
    """Every run of words of the query, and of Chinese characters: what a key that stands in the query may be."""
    folded = fold(query)[:200]
    pieces = folded.split()
    parts = {" ".join(pieces[a:b]) for a in range(len(pieces)) for b in range(a + 1, min(len(pieces), a + 6) + 1)}
    if any("\u3400" <= sign <= "\u9fff" for sign in folded):
        parts |= {folded[a:b] for a in range(len(folded)) for b in range(a + 2, min(len(folded), a + 12) + 1)}
    return sorted(parts)[:2000]


def _best(cards: Iterable[KnowledgeCard], query: str, revisions: Mapping[int, int], limit: int) -> list[Hit]:
    folded, asked = fold(query), set(words(query))
    parts = _parts(query)
    hits = []
    for card in cards:
        if (reason := _reason(card, folded, asked, parts)) is not None:
            why, degree = reason
            hits.append(Hit(card, revisions[card.pk], round(_WEIGHT[why] + degree, 3), why))
    hits.sort(key=lambda hit: (-hit.score, -(hit.card.clicks or 0), hit.card.pk))
    return hits[:limit]


def _reason(card: KnowledgeCard, query: str, asked: set[str], parts: Sequence[str]) -> tuple[str, float] | None:
    """Why a card is about a query and how much, from 0 to 1; None where it is not."""
    key = card.key_folded
    if key == query:
        return _EXACT, 1.0
    if key in parts:
        return _INSIDE, min(1.0, len(key) / max(1, len(query)))
    if len(key) >= 5 and (found := process.extractOne(key, parts, scorer=fuzz.ratio, score_cutoff=ALIKE)):
        return _ALIKE, found[1] / 100
    share = len(asked & set(words(f"{card.key} {card.text}"))) / len(asked) if asked else 0.0
    return (_WORDS, share) if len(asked) > 1 and share >= SHARE else None


def _revisions(cards: Iterable[KnowledgeCard]) -> dict[int, int]:
    rows = KnowledgeRevision.objects.filter(card__in=list(cards)).order_by("card_id", "-number").distinct("card_id")
    return dict(rows.values_list("card_id", "pk"))


def note(hit: Hit) -> dict[str, Any]:
    """What a prompt is told of a card."""
    told: dict[str, Any] = {"kind": hit.card.kind, "about": hit.card.key, "text": hit.card.text[:400]}
    if hit.card.item_ids:
        told["items"] = hit.card.item_ids[:5]
    if hit.card.clicks is not None:
        told["clicks"] = hit.card.clicks
    return told
