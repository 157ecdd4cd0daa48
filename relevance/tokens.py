"""Texts cut into tokens: latin words and model numbers, numbers, runs of Chinese; bounded, whatever the input."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from relevance.facts import fold

MAX_TEXT = 4000  # characters of one field that are read; the rest of a longer one is not evidence
MAX_TOKENS = 400
LONGEST_MODEL = 60

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*(?=[^a-z0-9]|$)"  # bare numbers, also before Chinese
    r"|[a-z]+(?=-free(?![a-z0-9]))"  # "gluten-free" says two things
    r"|[a-z0-9]+(?:[-'./+][a-z0-9]+)*"
    r"|[\u3400-\u9fff]+"
    r"|[\"'%$€£¥]"
)


class Token(NamedTuple):
    """A folded word and where it stands in the folded text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=8192)
def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text, folded; a model number such as clp-m350a or 13900k stays whole."""
    return tokens_of_folded(read_folded(text))


def read_folded(text: str) -> str:
    """The part of a text that is read, folded: places of tokens and quantities count in it.

    Cut before and after, since one character may unfold into eighteen.
    """
    return fold(text[:MAX_TEXT])[:MAX_TEXT]


def tokens_of_folded(folded: str) -> tuple[Token, ...]:
    found: list[Token] = []
    for match in _TOKENS.finditer(folded):
        found.append(Token(match.group(), match.start(), match.end()))
        if len(found) == MAX_TOKENS:
            break
    return tuple(found)


def is_chinese(text: str) -> bool:
    return any("\u3400" <= sign <= "\u9fff" for sign in text[:MAX_TEXT])


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The folded text with some spans blanked out, all other places kept."""
    folded = read_folded(text)
    for start, end in spans:
        folded = folded[:start] + " " * (end - start) + folded[end:]
    return folded


# Order matters: a model number is tried before a bare number with its unit. It looks ahead LONGEST_MODEL characters for a
# digit and a letter and no further, else a text of dashes is searched again and again to its end.
_MODEL = (
    rf"(?=[a-z0-9-]{{0,{LONGEST_MODEL}}}\d)(?=[a-z0-9-]{{0,{LONGEST_MODEL}}}[a-z])[a-z0-9]+(?:-[a-z0-9]+)+"
    r"|[a-z]+\d[a-z0-9]*|\d+[a-z]+\d[a-z0-9]*"
)
_TOKENS = re.compile(_MODEL + "|" + _TOKEN.pattern)


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """A plain English singular: good enough to compare with, not to show."""
    if len(word) < 4 or not word.isascii() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


_OF_MATTER = frozenset({"wooden", "woollen", "golden"})
_VOWEL = re.compile(r"[aeiou]")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What inflections of a plain English word share: waisted and waist, wooden and wood. Only to compare with."""
    if word in _OF_MATTER:
        return word.removesuffix("en")
    if not word.isascii() or not word.isalpha() or len(word) < 5:
        return singular(word)
    ending = next((one for one in ("ings", "ing", "ed") if word.endswith(one)), "")
    bare = word.removesuffix(ending) if ending else singular(word)
    if len(bare) < 3 or not _VOWEL.search(bare):
        return singular(word)
    if ending and len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "ls":
        bare = bare[:-1]
    return bare.removesuffix("e")


def parts(word: str) -> list[str]:
    """ "hand-held" and "king/queen" are two words each; a model number keeps its dashes, and a possessive loses its s."""
    pieces = word.split("/")
    if not any(sign.isdigit() for sign in word):
        pieces = [part for piece in pieces for part in piece.split("-")]
    return [piece.removesuffix("'s") for piece in pieces if piece and piece != "'"]


@lru_cache(maxsize=65536)
def inflections(word: str) -> tuple[str, ...]:
    """The forms of a plain English word that share its stem."""
    bare = stem(word)
    if not bare.isascii() or not bare.isalpha() or len(bare) < 3:
        return ()
    endings = ("", "e", "s", "es", "ed", "d", "ing", "ings", *(("en",) if f"{bare}en" in _OF_MATTER else ()))
    doubled = (f"{bare}{bare[-1]}{ending}" for ending in ("ed", "ing"))
    return tuple(form for form in (*(bare + ending for ending in endings), *doubled) if form != word)
