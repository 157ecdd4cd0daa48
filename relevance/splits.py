"""The one split of queries: train, validation or test, for good and the same everywhere (one_split_per_query_family).

What is split is a query's family: its spellings in any case, spacing, number (one or many) and order of words, with or
without accents and small words, in simplified or traditional characters, in any locale. A family is no meaning: "prince" and
"princes" share one with "princ", and "air pods" is another than "airpods". What shares one by chance only shares a side.

Everything that decides a side stands in this file and in han_variants.txt, copied rather than called: whoever improves how
texts are read elsewhere must not move a query. What does move one needs a new SPLIT_VERSION, and then no model that learnt
before can be compared with one that learnt after.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLIT_VERSION = 2  # 1 was by the text itself, and another one in each place
SHARES: dict[Split, int] = {"train": 70, "validation": 10, "test": 20}

_VARIANTS = Path(__file__).parent / "han_variants.txt"
# Accents, taken off their letters, and what nobody sees.
# A test holds that it is all that is taken out for a model: the same words beside a sign of it are the same query there.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
_POSSESSIVE = re.compile(r"'s\b")
_APOSTROPHES = str.maketrans("‘’ʼ′`´", "''''''")
# Written without spaces, or with spaces that writers do not agree on: Han, kana, bopomofo, Hangul.
_CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3040-\u312f\u3131-\u318e\u31a0-\u31ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U000323af"
)
_HAS_CJK = re.compile(f"[{_CJK}]")
_PIECES = re.compile(rf"[{_CJK}]|\d+|(?:(?![{_CJK}])[^\W\d_])+")
_SMALL = frozenset(["the", "a", "an", "of", "for", "with", "and", "or", "in", "to", "by", "on", "at", "from", "的"])
_IRREGULAR = {"children": "child", "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose"}


@dataclass(frozen=True)
class Splits:
    """The split, and the families that are kept to measure by whatever their share says. Both are told by digests."""

    benchmark: Set[str] = frozenset()

    def of(self, query: str) -> Split:
        return self.of_digest(digest(query))

    def of_digest(self, family_digest: str) -> Split:
        if family_digest in self.benchmark:
            return "test"
        share = int(family_digest[:16], 16) % 100
        if share < SHARES["train"]:
            return "train"
        return "validation" if share < SHARES["train"] + SHARES["validation"] else "test"


@lru_cache(maxsize=8192)
def digest(query: str) -> str:
    """The SHA-256 of the family, in hex: says the side of a query without saying the query."""
    return sha256(family(query).encode("utf-8", "surrogatepass")).hexdigest()


def family(query: str) -> str:
    """The words of a query as keys, each once and sorted; of Chinese and its neighbours the characters."""
    folded = _folded(query)
    pieces = _PIECES.findall(folded)
    told = [piece for piece in pieces if piece not in _SMALL] or pieces or list(folded.replace(" ", ""))
    return " ".join(sorted(set(map(_key, told))))


def digests(queries: Iterable[str]) -> frozenset[str]:
    return frozenset(map(digest, queries))


def _folded(text: str) -> str:
    """Wide and narrow forms, case, accents, apostrophes and the script of Han characters folded."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("ı", "i")  # casefold keeps the dotless i
    text = unicodedata.normalize("NFC", _LEFT_OUT.sub("", unicodedata.normalize("NFKD", plain)))
    text = _POSSESSIVE.sub("", text.translate(_APOSTROPHES)).replace("'", "")
    return text.translate(_variants()) if _HAS_CJK.search(text) else text


@lru_cache(maxsize=1)
def _variants() -> dict[int, str]:
    lines = _VARIANTS.read_text(encoding="utf-8").splitlines()
    return {ord(other): line[0] for line in lines if not line.startswith("#") for other in line[1:]}


def _key(word: str) -> str:
    """The same for a word and its plural, and no word itself: "hoodie", "hoodies" and "hoody" are "hoodi".

    Endings come off until none is left, since "lenses" alone does not say whether one is a "lens" or a "lense".
    """
    word = _IRREGULAR.get(word) or _IRREGULAR.get(word.removesuffix("s"), word)  # "childrens" for "children's"
    if not (word.isascii() and word.isalpha()):
        return word
    while len(word) > 2 and (word[-1] == "e" or (word[-1] == "s" and word[-2] != "s")):
        word = word[:-1]
    if len(word) > 2 and word.endswith("men"):
        return word[:-2] + "an"
    if len(word) > 2 and word[-1] in "yv":
        return word[:-1] + {"y": "i", "v": "f"}[word[-1]]
    return word
