"""What is known of an item and of a query-item pair, as values; and how their texts are normalised.

Nothing here knows where the facts came from or where they are stored.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_QUOTES = str.maketrans({"‘": "'", "’": "'", "′": "'", "“": '"', "”": '"', "″": '"', "–": "-", "—": "-", "\u00ad": ""})


@dataclass(frozen=True)
class Sku:
    """One buyable variant of an item."""

    code: str = ""
    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ItemFacts:
    """One snapshot of an item. `cpv` keeps the catalogue's order; `images` are content hashes; `caption` may be empty."""

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


@dataclass(frozen=True)
class PairFacts:
    query: str
    item: ItemFacts
    locale: str = ""


def normalise_query(text: str) -> str:
    """The identity of a query: NFC, white space folded, case kept."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC, case folded, plain quotes and dashes, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold().split())
