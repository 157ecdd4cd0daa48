"""Numbers that compare an item with the other items of its query: how alike, how priced, how rare what it says is in the list.

The others are the query's items as far as they are known; labels play no part. An item alone has neutral values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relevance.features import WORD_NAMES, QueryWords, Read
from relevance.vocabulary import Vocabulary

Floats = NDArray[np.float64]
MOST = 60  # others that are looked at
COMPARED = (
    "title_weight", "title_share", "anywhere_weight", "jaccard", "spelling_mean", "spelling_least", "spelling_first",
    "spelling_last", "token_set", "longest_run", "longest_run_share", "last_two_together", "title_end_asked",
    "title_ends_with_head", "title_tail_asked", "first_word", "words_missing", "head_place", "head_near_end",
)  # fmt: skip
_COLUMNS = [WORD_NAMES.index(name) for name in COMPARED]
_PRICE = WORD_NAMES.index("price")
LIKENESS_NAMES = (
    "like_others", "like_nearest", "profile_like_others", "like_answers", "profile_like_answers", "rare_in_list",
    "price_in_list", "list_length",
)  # fmt: skip
RELATIVE_NAMES = (
    *(f"{name}_{how}" for how in ("below_best", "above_mean", "rank") for name in COMPARED),
    *LIKENESS_NAMES,
)


def relative_features(rows: Floats, asked: QueryWords, reads: Sequence[Read], vocabulary: Vocabulary) -> Floats:
    """From the word features (n, len(WORD_NAMES)) of a query's n items to (n, len(RELATIVE_NAMES))."""
    values = np.nan_to_num(rows[:, _COLUMNS], nan=0.0)
    below = values[:, None, :] < values[None, :, :]
    level = values[:, None, :] == values[None, :, :]
    return np.hstack(
        [
            values - values.max(axis=0),
            values - values.mean(axis=0),
            below.mean(axis=1) + 0.5 * level.mean(axis=1),
            _likeness(rows, asked, reads, vocabulary),
        ]
    )


def _likeness(rows: Floats, asked: QueryWords, reads: Sequence[Read], vocabulary: Vocabulary) -> Floats:
    """How like the others an item is, by title and by kind, and how like those that hold the query's words."""
    count = len(reads)
    found = np.full((count, len(LIKENESS_NAMES)), math.nan)
    found[:, 5] = _rare_in_list(asked, reads)
    found[:, 6] = rows[:, _PRICE] - _median(rows[:, _PRICE])
    found[:, 7] = count
    if count < 2:
        return found
    others = ~np.eye(count, dtype=bool)
    titles = np.where(others, _cosines(reads, vocabulary), 0.0)
    profiles = np.where(others, _overlaps(reads), 0.0)
    answers = np.where(others, rows[:, WORD_NAMES.index("title_share")][None, :], 0.0)
    weight = answers.sum(axis=1) + 0.1
    found[:, 0] = titles.sum(axis=1) / (count - 1)
    found[:, 1] = titles.max(axis=1)
    found[:, 2] = profiles.sum(axis=1) / (count - 1)
    found[:, 3] = (titles * answers).sum(axis=1) / weight
    found[:, 4] = (profiles * answers).sum(axis=1) / weight
    return found


def _median(prices: Floats) -> float:
    known = prices[~np.isnan(prices)]
    return float(np.median(known)) if len(known) else math.nan


def _rare_in_list(asked: QueryWords, reads: Sequence[Read]) -> list[float]:
    """The query's words in the title, each by how few of the others hold it."""
    holds = {word: sum(word in read.title_set for read in reads) for word in set(asked.words)}
    return [
        sum(math.log((len(reads) + 1) / (n + 0.5)) for word, n in holds.items() if word in read.title_set)
        for read in reads
    ]


def _cosines(reads: Sequence[Read], vocabulary: Vocabulary) -> Floats:
    """Between titles, words weighted by their rarity."""
    known: dict[str, int] = {}
    for read in reads:
        for word in read.title:
            known.setdefault(word, len(known))
    matrix = np.zeros((len(reads), max(1, len(known))))
    for row, read in zip(matrix, reads, strict=True):
        for word, times in Counter(read.title).items():
            row[known[word]] = (1 + math.log(times)) * vocabulary.rarity(word)
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix = matrix / np.where(length == 0, 1, length)
    cosines: Floats = matrix @ matrix.T
    return cosines


def _overlaps(reads: Sequence[Read]) -> Floats:
    """Jaccard similarity between the sets of attribute names."""
    known: dict[str, int] = {}
    for read in reads:
        for name in read.profile:
            known.setdefault(name, len(known))
    matrix = np.zeros((len(reads), max(1, len(known))))
    for row, read in zip(matrix, reads, strict=True):
        row[[known[name] for name in read.profile]] = 1
    shared = matrix @ matrix.T
    size = matrix.sum(axis=1)
    together = size[:, None] + size[None, :] - shared
    overlaps: Floats = shared / np.where(together == 0, 1, together)
    return overlaps
