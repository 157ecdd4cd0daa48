"""Words of a text, Chinese or English, as full text search indexes and asks for them; and where they stand.

Latin words are folded and put into the singular; model names and numbers stay whole (wh-1000xm5, 3.5). Chinese is cut
by jieba with its dictionary alone: what it does not know falls into single signs, so that slang can still be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from relevance.facts import fold
from relevance.tokens import singular

LONGEST = 10_000
LONGEST_WORD = 60
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
