"""How a card is indexed and how a query asks for it: keys as one word, near spellings, words. Texts only, no tables.

The index is a tsvector built here word by word, so that both sides always agree on what a word is. Three kinds of
entries: `=key` closed to one word; `~key` and `~key` with one letter left out, so that a misspelling meets the key
through an index (a wrong, missing, added or swapped letter); and the words, those of the key weighing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil

from rapidfuzz import fuzz

from database.statements import lexeme
from relevance.facts import fold
from relevance.quoting import prompt_copy
from relevance.segmenting import closed, tokens, words

ALIKE = 88  # rapidfuzz ratio of two keys, closed to one word, from which they count as spellings of one
SHARE = 0.6  # of the query's words that a card must hold to be about it by words alone
LONGEST_QUERY = 200  # characters that are looked up
MOST_WORDS = 8  # of a query that are asked for: the longest
LONGEST_RUN = 8  # words of a query that a key may span
MISSPELT = range(6, 31)  # letters of a key whose misspellings are looked for: shorter words have too many neighbours
MISSPELT_RUN = 3
MOST_POSITIONS = 16_000  # of a tsvector
NOTHING = "'!'"  # no card holds this
STOP = {
    *("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"),
    *("的", "了", "和", "与", "及", "或", "在", "是", "有", "给", "用", "上", "下", "中", "吗", "呢"),
}


@dataclass(frozen=True)
class Part:
    """A run of whole words of a query that may be a key: where it stands in the folded query, closed to one word."""

    closed: str
    start: int
    end: int
    count: int  # of words

    def within(self, other: Part) -> bool:
        return other.start <= self.start and self.end <= other.end and self != other


@dataclass(frozen=True)
class KnowledgeQuery:
    """A query, ready to be looked up. `keys`, `together` and `any` are tsqueries."""

    folded: str
    parts: tuple[Part, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, query: str) -> KnowledgeQuery:
        folded = fold(prompt_copy(query[:LONGEST_QUERY]))
        distinct = dict.fromkeys(word for word in words(folded) if word not in STOP)
        longest = sorted(distinct, key=lambda word: (-len(word.encode()), word))[:MOST_WORDS]
        return cls(folded, tuple(_parts(folded)), tuple(longest))

    @property
    def keys(self) -> str:
        """Any key that stands in the query, or nearly."""
        wanted = {f"={part.closed}" for part in self.parts}
        for part in self.parts:
            if part.count <= MISSPELT_RUN:
                wanted |= _misspellings(part.closed)
        return _or(sorted(wanted))

    @property
    def together(self) -> str:
        """As many of the words as a card must hold; nothing where a single word would do."""
        least = max(2, ceil(SHARE * len(self.words)))
        return " | ".join(f"({' & '.join(map(lexeme, some))})" for some in combinations(self.words, least)) or NOTHING

    @property
    def any(self) -> str:
        return _or(self.words)


def vector(key: str, text: str) -> str:
    """A card's tsvector: the words of its key weigh A, those of its text D."""
    entries = [lexeme(f"={closed(key)}"), *map(lexeme, sorted(_misspellings(closed(key))))]
    told = [*((word, "A") for word in words(key)), *((word, "") for word in words(text))]
    entries += [f"{lexeme(word)}:{at}{weight}" for at, (word, weight) in enumerate(told[:MOST_POSITIONS], 1)]
    return " ".join(entries)


def likeness(mine: str, other: str) -> float:
    """How much two keys closed to one word look like spellings of one, from 0 to 1; 0 below the threshold.

    Another first letter (male, female) or another number (iphone 14, iphone 15) is another thing.
    """
    if mine[:1] != other[:1] or _digits(mine) != _digits(other):
        return 0.0
    return fuzz.ratio(mine, other, score_cutoff=ALIKE) / 100


def _parts(folded: str) -> Iterator[Part]:
    found = tokens(folded)
    for first in range(len(found)):
        for last in range(first, min(first + LONGEST_RUN, len(found))):
            start, end = found[first].start, found[last].end
            if not (first == last and folded[start:end] in STOP):
                yield Part(closed(folded[start:end]), start, end, last - first + 1)
    if folded and not found:
        yield Part(closed(folded), 0, len(folded), 1)  # signs only


def _misspellings(key: str) -> set[str]:
    """The key and what is left of it without one letter. Chinese has none: another sign is another word."""
    if len(key) not in MISSPELT or any(sign > "\u2e80" for sign in key):
        return set()
    return {f"~{key}", *(f"~{key[:at]}{key[at + 1 :]}" for at in range(1, len(key)) if not key[at].isdigit())}


def _digits(text: str) -> list[str]:
    return [sign for sign in text if sign.isdigit()]


def _or(lexemes: Iterable[str] | Sequence[str]) -> str:
    return " | ".join(map(lexeme, lexemes)) or NOTHING
