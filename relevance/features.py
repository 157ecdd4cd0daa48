"""What learnt trees look at: how a query's words stand in an item, what the grid found, what the rules made of it.

A feature that does not apply is NaN, which trees take as a value of its own. All of it can be told a person: NAMES say
what was looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz import fuzz

from relevance.chain import LABELS
from relevance.deciding import Decision
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, EvidenceRow, Verdict
from relevance.facts import ItemFacts, fold
from relevance.rules import FiredRule
from relevance.vocabulary import END, Vocabulary, content_words, share, words

FEATURES_VERSION = "3"
NAN = math.nan
_NOTHING: frozenset[str] = frozenset()
MOST_ATTRIBUTES = 200
COMPATIBLE = frozenset(("for", "compatible", "compatibility", "fits", "replacement"))
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGIT = re.compile(r"\d")

WORD_NAMES = (
    "title_weight", "title_share", "attributes_weight", "attribute_names_weight", "description_weight", "anywhere_weight",
    "jaccard", "spelling_mean", "spelling_least", "spelling_first", "spelling_last", "token_set", "partial", "weighted_ratio",
    "phrase", "phrase_from_start", "phrase_from_end", "phrase_place", "longest_run", "longest_run_share", "last_two_together",
    "head_in_title", "head_from_start", "head_from_end", "head_rarity", "head_place", "head_near_end", "after_head",
    "after_head_rarity", "after_head_number", "before_head", "title_end_asked", "title_ends_with_head", "title_tail_asked",
    "first_word", "words_missing", "title_rest", "compatible", "compatible_before_head", "numbers", "numbers_found",
    "query_words", "title_words", "attributes", "described", "first_rarity", "least_rarity", "most_rarity", "price",
)  # fmt: skip
_DIMENSIONS = (
    Dimension.BRAND, Dimension.MODEL, Dimension.CATEGORY, Dimension.MAIN_ACCESSORY, Dimension.SPECIFICATION,
    Dimension.COLOUR, Dimension.FUNCTION,
)  # fmt: skip
GRID_NAMES = (
    "overlap", "conflicts", "head_verdict", "constraints", "verdicts_mean", "verdicts_least",
    *(f"{dimension.value}_verdict" for dimension in _DIMENSIONS),
    *(f"rules_share_{label}" for label in LABELS),
    "rules_fired", "rules_lowest", "rules_highest",
)  # fmt: skip
_VALUE = {Verdict.MATCH: 1.0, Verdict.NEAR: 0.5, Verdict.SILENT: 0.0, Verdict.CONFLICT: -1.0}


# A catalogue has few names for its attributes, each many times.
_folded = lru_cache(maxsize=16384)(fold)


@lru_cache(maxsize=65536)
def _held(text: str) -> frozenset[str]:
    """The words of an attribute's name or value."""
    return frozenset(words(text))


@dataclass(frozen=True)
class Read:
    """An item's texts, read once for all the queries it is compared with."""

    item: ItemFacts

    @cached_property
    def title(self) -> list[str]:
        return words(self.item.title)

    @cached_property
    def title_set(self) -> frozenset[str]:
        return frozenset(self.title)

    @cached_property
    def values(self) -> frozenset[str]:
        return _NOTHING.union(*(_held(value[:200]) for _, value in self.item.cpv[:MOST_ATTRIBUTES]))

    @cached_property
    def names(self) -> frozenset[str]:
        return _NOTHING.union(*(_held(name[:60]) for name, _ in self.item.cpv[:MOST_ATTRIBUTES]))

    @cached_property
    def profile(self) -> frozenset[str]:
        """Which attributes an item has says what kind of thing it is."""
        return frozenset(_folded(name[:60]) for name, _ in self.item.cpv[:MOST_ATTRIBUTES])

    @cached_property
    def description(self) -> frozenset[str]:
        return frozenset(words(" ".join((self.item.description[:1000], *self.item.selling_points[:10]))))

    @cached_property
    def price(self) -> float:
        stated = (value for name, value in self.item.cpv[:MOST_ATTRIBUTES] if _folded(name[:60]) == "price")
        number = _NUMBER.search((self.item.price or next(stated, ""))[:40].replace(",", ""))
        return math.log(float(number[0])) if number and float(number[0]) > 0 else NAN


@dataclass(frozen=True)
class QueryWords:
    """A query's words with their rarity, read once for all its items."""

    words: list[str]
    rarity: list[float]

    @classmethod
    def of(cls, query: str, vocabulary: Vocabulary) -> QueryWords:
        found = content_words(query)[:24]
        return cls(found, [vocabulary.rarity(word) for word in found])


def word_features(asked: QueryWords, read: Read, vocabulary: Vocabulary) -> list[float]:
    """How the words of a query stand in an item: WORD_NAMES."""
    query, title = asked.words, read.title
    anywhere = read.title_set | read.values | read.description
    numbers = [word for word in query if _DIGIT.search(word)]
    rest = [vocabulary.rarity(word) for word in read.title_set]
    unasked = [vocabulary.rarity(word) for word in read.title_set.difference(query)]
    return [
        share(asked.rarity, [word in read.title_set for word in query]),
        sum(word in read.title_set for word in query) / max(1, len(query)),
        *(
            share(asked.rarity, [word in held for word in query])
            for held in (read.values, read.names, read.description, anywhere)
        ),
        len(read.title_set.intersection(query)) / max(1, len(read.title_set.union(query))),
        *_spelling(query, title),
        *_phrase(query, title),
        *_head(query, title, vocabulary),
        float(query[0] in read.title_set) if query else 0.0,
        float(sum(word not in read.title_set for word in query)),
        sum(unasked) / (sum(rest) or 1.0),
        *_compatible(query, title),
        float(len(numbers)),
        sum(word in anywhere for word in numbers) / len(numbers) if numbers else NAN,
        float(len(query)),
        float(len(title)),
        float(len(read.item.cpv)),
        float(bool(read.item.description)),
        asked.rarity[0] if query else NAN,
        min(asked.rarity, default=NAN),
        max(asked.rarity, default=NAN),
        read.price,
    ]


def _spelling(query: Sequence[str], title: Sequence[str]) -> list[float]:
    best = [
        100.0 if word in title else max((fuzz.ratio(word, other) for other in title), default=0.0) for word in query
    ]
    plain, other = " ".join(query), " ".join(title)
    if not best:
        return [NAN] * 4 + [0.0] * 3
    return [
        sum(best) / len(best),
        min(best),
        best[0],
        best[-1],
        fuzz.token_set_ratio(plain, other),
        fuzz.partial_ratio(plain, other),
        fuzz.WRatio(plain, other),
    ]


def _phrase(query: list[str], title: list[str]) -> list[float]:
    """Where the whole query stands in the title, and the longest run of it that does."""
    length = len(title)
    at = next((n for n in range(length - len(query) + 1) if title[n : n + len(query)] == query), -1) if query else -1
    run = len(query) if at >= 0 else _longest_run(query, title)
    together = NAN
    if len(query) > 1:
        together = float(any(title[n : n + 2] == query[-2:] for n in range(length - 1)))
    return [
        float(at >= 0),
        float(at) if at >= 0 else NAN,
        float(length - at - len(query)) if at >= 0 else NAN,
        at / length if at >= 0 else NAN,
        float(run),
        run / max(1, len(query)),
        together,
    ]


def _longest_run(query: list[str], title: list[str]) -> int:
    """Words of the query that stand together in the title in their order."""
    best, before = 0, [0] * (len(title) + 1)
    for word in query:
        now = [0] * (len(title) + 1)
        for n, other in enumerate(title):
            if word == other:
                now[n + 1] = before[n] + 1
        best, before = max(best, *now), now
    return best


def _head(query: list[str], title: list[str], vocabulary: Vocabulary) -> list[float]:
    """The last word of a query names the thing wanted; what stands beside it in the title may name another thing."""
    tail = [word for word in title if word.isalpha() and len(word) > 2]
    end = tail[-1] if tail else ""
    if not query:
        return [NAN] * 13
    head = query[-1]
    places = [n for n, word in enumerate(title) if word == head]
    ends = [float(end in query), float(head == end), float(sum(word in query for word in tail[-2:]))]
    if not places:
        return [0.0, NAN, NAN, vocabulary.rarity(head), NAN, 0.0, NAN, NAN, NAN, NAN, *ends]
    first = places[0]
    after = title[first + 1] if first + 1 < len(title) else END
    before = title[first - 1] if first else END
    return [
        1.0,
        float(first),
        float(len(title) - 1 - places[-1]),
        vocabulary.rarity(head),
        first / len(title),
        float(head in tail[-3:]),
        vocabulary.follows(head, after),
        vocabulary.rarity(after) if after != END else NAN,
        float(bool(_DIGIT.search(after))),
        vocabulary.follows(before, head) if before != END else NAN,
        *ends,
    ]


def _compatible(query: list[str], title: list[str]) -> list[float]:
    """Words that say an item is made for another one, and whether they stand before what was asked for."""
    places = [n for n, word in enumerate(title) if word in COMPATIBLE]
    head = title.index(query[-1]) if query and query[-1] in title else None
    return [float(bool(places)), NAN if head is None else float(any(n < head for n in places))]


def grid_features(grid: EvidenceGrid, fired: Sequence[FiredRule], decision: Decision) -> list[float]:
    """What the grid found and the rules made of it: GRID_NAMES."""
    verdicts = [_VALUE[row.verdict] for row in grid.rows]
    grades = [int(rule.label[1]) for rule in fired]
    return [
        grid.overlap,
        float(len(grid.conflicts)),
        _VALUE[grid.head.verdict] if grid.head else NAN,
        float(len(grid.rows)),
        sum(verdicts) / len(verdicts) if verdicts else NAN,
        min(verdicts, default=NAN),
        *(_least(grid.rows, dimension) for dimension in _DIMENSIONS),
        *(decision.posterior[label] for label in LABELS),
        float(len(fired)),
        float(min(grades, default=0)) or NAN,
        float(max(grades, default=0)) or NAN,
    ]


def _least(rows: Sequence[EvidenceRow], dimension: Dimension) -> float:
    return min((_VALUE[row.verdict] for row in rows if row.constraint.kind is dimension), default=NAN)
