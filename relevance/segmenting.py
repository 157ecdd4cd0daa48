"""Words of a text, Chinese or English, as full text search indexes and asks for them; and where they stand.

Latin words are folded and put into the singular; model names and numbers stay whole (wh-1000xm5, 3.5). Chinese is cut
by jieba with its dictionary alone: what it does not know falls into single signs, so that slang can still be found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from relevance.facts import fold
from relevance.tokens import singular

LONGEST = 10_000
LONGEST_WORD = 60
LONGEST_OF_DICTIONARY = 6  # signs
OF_A_TERM = 7.0  # what a term of the lexicon costs: as much as a common word
_HAN = "\u3400-\u9fff"
_LETTERS = rf"(?:(?![{_HAN}])[^\W_])+"
_PIECES = re.compile(rf"[{_HAN}]+|({_LETTERS}(?:[.\-]{_LETTERS})*)(?:'s\b)?")


class SearchWord(NamedTuple):
    """A word as it is compared, and where it stands in the folded text."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _jieba() -> Any:
    """Loaded with the first Chinese text, within a second. Its own cache would lie in a folder that others can write."""
    import jieba

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter


@lru_cache(maxsize=1)
def _kinds_of_words() -> dict[str, frozenset[str]]:
    """Words of the dictionary by the kinds that matter here: places, verbs, names of people and makers."""
    kinds: dict[str, set[str]] = {"ns": set(), "v": set(), "nz": set(), "nr": set(), "nt": set(), "nrt": set()}
    with _jieba().get_dict_file() as file:
        for line in file:
            word, _frequency, kind = line.decode().split()
            if kind in kinds:
                kinds[kind].add(word)
    return {kind: frozenset(words) for kind, words in kinds.items()}


def how_common(word: str) -> int:
    """How often the dictionary counts a word."""
    return int(_jieba().FREQ.get(word, 0))


def place_names() -> frozenset[str]:
    return _kinds_of_words()["ns"]


def proper_names() -> frozenset[str]:
    kinds = _kinds_of_words()
    return kinds["nz"] | kinds["nr"] | kinds["nt"] | kinds["nrt"]


def verbs() -> frozenset[str]:
    return _kinds_of_words()["v"]


def likeliest_words(run: str, terms: Collection[str], longest: int) -> list[tuple[str, bool]]:
    """A run of Chinese cut into its likeliest words, each with whether the dictionary has it. `terms` are always words."""
    frequencies, total = _jieba().FREQ, _jieba().total
    best: list[tuple[float, int]] = [(0.0, 0)] * (len(run) + 1)
    for start in range(len(run) - 1, -1, -1):
        choices = []
        for end in range(start + 1, min(len(run), start + max(longest, LONGEST_OF_DICTIONARY)) + 1):
            word = run[start:end]
            cost = _cost(word, frequencies.get(word, 0), total, known=word in terms)
            if cost is not None:
                choices.append((cost + best[end][0], end))
        best[start] = min(choices)
    found, at = [], 0
    while at < len(run):
        word = run[at : best[at][1]]
        found.append((word, bool(frequencies.get(word))))
        at = best[at][1]
    return found


def _cost(word: str, frequency: int, total: int, *, known: bool) -> float | None:
    """What a word costs on the way through a run: the rarer the more; None where it is no word."""
    if known and len(word) > 1:
        return OF_A_TERM - len(word)
    if frequency:
        return math.log(total / frequency)
    return math.log(total) if len(word) == 1 else None


def _pieces(folded: str) -> Iterator[tuple[str, bool, int, int]]:
    """Runs of Chinese (True) and single other words, in their order."""
    for match in _PIECES.finditer(folded[:LONGEST]):
        latin = match.group(1)
        if latin is None:
            yield match.group(), True, match.start(), match.end()
        else:
            yield singular(latin)[:LONGEST_WORD], False, match.start(1), match.end(1)


def tokens(folded: str) -> list[SearchWord]:
    """The words of a folded text, one after the other; none overlap."""
    found: list[SearchWord] = []
    for piece, chinese, start, end in _pieces(folded):
        if chinese:
            cut = _jieba().tokenize(piece, HMM=False)
            found += [SearchWord(word, start + first, start + last) for word, first, last in cut]
        else:
            found.append(SearchWord(piece, start, end))
    return found


def words(text: str) -> list[str]:
    """The words of a text in their order; of long Chinese words also the words inside, as one may ask for these."""
    found: list[str] = []
    for piece, chinese, _start, _end in _pieces(fold(text[:LONGEST])):
        found += _jieba().cut_for_search(piece, HMM=False) if chinese else [piece]
    return found


def segmented(text: str) -> str:
    return " ".join(words(text))


def closed(text: str) -> str:
    """A text as one word: folded, singular, without spaces and hyphens. Spellings that differ only so are one key."""
    folded = fold(text)
    return "".join(piece for piece, *_rest in _pieces(folded)).replace("-", "") or folded.replace(" ", "")
