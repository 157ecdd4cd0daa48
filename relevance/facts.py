"""What is known of an item and of a query-item pair, as values; and how their texts are normalised.

Nothing here knows where the facts came from or where they are stored.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

READ = 400  # characters of a text in which rules look for words
_BEYOND = re.compile(r"[,;|()\[\]（）【】，、；]|\s[-–—]\s|\b(?:for|with|compatible|fits|w/)\b", re.IGNORECASE)
_QUOTES = str.maketrans({"‘": "'", "’": "'", "′": "'", "“": '"', "”": '"', "″": '"', "–": "-", "—": "-", "\u00ad": ""})


@dataclass(frozen=True)
class Sku:
    """One buyable variant of an item."""

    code: str = ""
    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ItemFacts:
    """One snapshot of an item. `cpv` keeps the catalogue's order; `images` are content hashes; `caption` may be empty, and
    so may `picture_words`, the lines that were read off its pictures."""

    external_id: str
    title: str
    category: str = ""
    cpv: tuple[tuple[str, str], ...] = ()
    skus: tuple[Sku, ...] = ()
    shop: str = ""
    description: str = ""
    selling_points: tuple[str, ...] = ()
    caption: str = ""
    images: tuple[str, ...] = ()
    picture_words: str = ""
    price: str = ""

    @cached_property
    def named(self) -> str:
        """Category and title, folded: what says what kind of thing it is."""
        return fold(f"{self.category[:READ]} {self.title[:READ]}")

    @cached_property
    def kind(self) -> str:
        """Category and what the title begins with, folded: the item itself, without what it is for or comes with."""
        return fold(f"{self.category[:READ]} {_BEYOND.split(self.title[:READ], 1)[0]}")

    @cached_property
    def said(self) -> str:
        """Title, attributes' values, category, caption and variants' names, folded, a line each."""
        values = (value[:READ] for _, value in self.cpv[:200])
        names = (sku.name[:READ] for sku in self.skus[:40])
        return "\n".join(map(fold, (self.title[:READ], *values, self.category[:READ], self.caption[:READ], *names)))


class AskedQuery(NamedTuple):
    """What a query is within its project."""

    text: str
    locale: str = ""


@dataclass(frozen=True)
class PairFacts:
    query: str
    item: ItemFacts
    locale: str = ""

    @property
    def asked_query(self) -> AskedQuery:
        return AskedQuery(self.query, self.locale)

    @cached_property
    def asked(self) -> str:
        """The query, folded."""
        return fold(self.query[:READ])

    def to_json(self) -> dict[str, Any]:
        """All that is known, for digests of what an answer depends on."""
        told = asdict(self)
        # Without this every answer stored before these were known would be taken for one to another question.
        for name in ("picture_words", "price"):
            if not told["item"][name]:
                del told["item"][name]
        return told


def normalise_query(text: str) -> str:
    """The identity of a query: NFC, white space folded, case kept."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC, case folded, plain quotes and dashes, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold().split())
