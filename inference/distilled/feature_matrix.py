"""From pairs to the numbers that a learnt model reads: words, grid and rules, and the company of the query's other items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from relevance.deciding import decide
from relevance.evidence import EvidenceGrid
from relevance.facts import AskedQuery, ItemFacts, PairFacts
from relevance.features import FEATURES_VERSION, GRID_NAMES, WORD_NAMES, QueryWords, Read, grid_features, word_features
from relevance.relative_features import MOST, RELATIVE_NAMES, relative_features
from relevance.rules import RuleSpec, fired_rules
from relevance.vocabulary import Vocabulary
from relevance.word_evidence import word_evidence

__all__ = ["FEATURES_VERSION", "NAMES", "Observed", "observe"]

Floats = NDArray[np.float64]
ONE_THREAD = (
    ThreadpoolController()
)  # lists are short: threads of a matrix product wait for each other more than they work
NAMES = (*WORD_NAMES, *GRID_NAMES, *RELATIVE_NAMES)


@dataclass(frozen=True)
class Observed:
    """n pairs: features (n, len(NAMES)) and words, in the order the pairs were given."""

    features: Floats
    words: list[list[tuple[str, float]]]


def observe(
    pairs: Sequence[tuple[PairFacts, EvidenceGrid]],
    rules: Sequence[RuleSpec],
    vocabulary: Vocabulary,
    others: Mapping[AskedQuery, Sequence[ItemFacts]],
) -> Observed:
    """Read each pair beside the first MOST of its query's items in `others`, which may hold the pair's own item."""
    with ONE_THREAD.limit(limits=1, user_api="blas"):
        return _observed(pairs, rules, vocabulary, others)


def _observed(
    pairs: Sequence[tuple[PairFacts, EvidenceGrid]],
    rules: Sequence[RuleSpec],
    vocabulary: Vocabulary,
    others: Mapping[AskedQuery, Sequence[ItemFacts]],
) -> Observed:
    features = np.empty((len(pairs), len(NAMES)))
    words: list[list[tuple[str, float]]] = [[] for _ in pairs]
    reads: dict[tuple[str, str, str], Read] = {}

    def read(item: ItemFacts, locale: str) -> Read:
        return reads.setdefault((item.external_id, locale, item.title), Read(item))

    by_query: dict[AskedQuery, list[int]] = {}
    for number, (pair, _grid) in enumerate(pairs):
        by_query.setdefault(pair.asked_query, []).append(number)
    for query, numbers in by_query.items():
        asked = QueryWords.of(query.text, vocabulary)
        company = [read(item, query.locale) for item in _first(others.get(query, ()))]
        own = [read(pairs[number][0].item, query.locale) for number in numbers]
        for number, row in zip(numbers, _beside(company, own, asked, vocabulary), strict=True):
            pair, grid = pairs[number]
            fired = fired_rules(pair, grid, rules)
            features[number] = [*row[0], *grid_features(grid, fired, decide(grid, fired)), *row[1]]
            words[number] = word_evidence(asked, read(pair.item, query.locale))
    return Observed(features, words)


def _first(items: Iterable[ItemFacts]) -> list[ItemFacts]:
    """The same company for every pair of a query, whatever else is asked with it."""
    return sorted({item.external_id: item for item in items}.values(), key=lambda item: item.external_id)[:MOST]


def _beside(
    company: Sequence[Read], own: Sequence[Read], asked: QueryWords, vocabulary: Vocabulary
) -> list[tuple[Floats, Floats]]:
    """(word features, company features) of each of a query's own items beside its company."""
    place = {id(read): n for n, read in enumerate(company)}
    rows = np.array([word_features(asked, read, vocabulary) for read in company]).reshape(len(company), len(WORD_NAMES))
    beside = relative_features(rows, asked, company, vocabulary) if company else np.empty((0, len(RELATIVE_NAMES)))
    found = []
    for read in own:
        n = place.get(id(read))
        if n is not None:
            found.append((rows[n], beside[n]))
            continue
        alone = np.array(word_features(asked, read, vocabulary))
        everyone = np.vstack([rows, alone])
        found.append((alone, relative_features(everyone, asked, [*company, read], vocabulary)[-1]))
    return found
