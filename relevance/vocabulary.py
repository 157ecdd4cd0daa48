"""How common words are among a catalogue's titles, and what follows them. Learnt without any label."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relevance.facts import ItemFacts
from relevance.tokens import singular, tokens

LONGEST = 1500  # characters of a text that are read
MOST_WORDS = 50_000
END = "$"
_SIGNS = frozenset("\"'%$€£¥")


def words(text: str) -> list[str]:
    """The words of a text in their order, folded, in the singular."""
    return [singular(token.text) for token in tokens(text[:LONGEST]) if token.text not in _SIGNS]


@dataclass(frozen=True)
class Vocabulary:
    """`titles`: how many titles hold a word; `followers`: how often a word is followed by another, END at the end."""

    items: int
    titles: Mapping[str, int]
    followers: Mapping[str, Mapping[str, int]]

    @classmethod
    def learn(cls, items: Iterable[ItemFacts]) -> Vocabulary:
        """From any number of items; words seen once are dropped, since an unknown word is as rare as they are."""
        count, titles = 0, Counter[str]()
        pairs = Counter[tuple[str, str]]()
        for item in items:
            found = words(item.title)
            count += 1
            titles.update(set(found))
            pairs.update(zip(found, [*found[1:], END], strict=True))
        kept = {word: n for word, n in titles.most_common(MOST_WORDS) if n > 1}
        followers: dict[str, dict[str, int]] = {}
        for (word, after), n in sorted(pairs.items()):
            if n > 1 and word in kept:
                followers.setdefault(word, {})[after] = n
        return cls(count, kept, followers)

    def rarity(self, word: str) -> float:
        """Inverse document frequency over titles, as in BM25; 0 for a word that every title holds."""
        holds = self.titles.get(word, 0)
        return math.log(1 + (self.items - holds + 0.5) / (holds + 0.5)) if self.items else 1.0

    def follows(self, word: str, after: str) -> float:
        """How often `after` follows `word` where `word` stands, about 0 to 1."""
        return self.followers.get(word, {}).get(after, 0) / (self.titles.get(word, 0) + 3)

    def to_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "titles": dict(self.titles),
            "followers": {w: dict(f) for w, f in self.followers.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Vocabulary:
        return cls(data["items"], data["titles"], data["followers"])


def content_words(query: str) -> list[str]:
    """The words of a query without the small ones, unless nothing else is left."""
    found = words(query)
    return [word for word in found if word not in SMALL] or found


SMALL = frozenset(["the", "a", "an", "of", "for", "with", "and", "or", "in", "to", "by", "on", "at", "from"])


def share(weights: Sequence[float], held: Sequence[bool]) -> float:
    """The part of the weight that is held."""
    total = sum(weights)
    return sum(weight for weight, is_held in zip(weights, held, strict=True) if is_held) / total if total else 0.0
