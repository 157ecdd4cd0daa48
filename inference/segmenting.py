"""Words of a text, Chinese or English, as PostgreSQL's full text search indexes and asks for them."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from relevance.facts import fold
from relevance.tokens import singular

LONGEST = 10_000
_PIECES = re.compile(r"[\u3400-\u9fff]+|[0-9a-z]+(?:[.\-][0-9a-z]+)*|[^\W\d_]+")


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import jieba  # its dictionary takes half a second to load

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba


def words(text: str) -> list[str]:
    """In their order: Chinese as jieba cuts it for search, Latin words folded and in the singular, model names whole."""
    found: list[str] = []
    for piece in _PIECES.findall(fold(text[:LONGEST])):
        if "\u3400" <= piece[0] <= "\u9fff":
            found += [word for word in _jieba().cut_for_search(piece) if word.strip()]
        else:
            found.append(singular(piece))
    return found


def segmented(text: str) -> str:
    return " ".join(words(text))
