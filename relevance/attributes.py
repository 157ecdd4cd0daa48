"""What an item's attribute is about, by its name: a colour, a brand, what the item goes with, or nothing that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from relevance.facts import fold

# A name is about something where it holds one of these words.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "brand": ("brand", "brand name", "manufacturer", "品牌"),
    "colour": ("colour", "color", "colours", "colors", "coloration", "颜色", "主色"),
    "material": ("material", "materials", "fabric", "composition", "upholstery", "材质", "面料", "finish material"),
    "audience": ("audience", "gender", "department", "target", "age group", "适用人群", "人群", "性别"),
    "season": ("season", "季节"),
    "size": ("size", "尺码", "尺寸"),
    "category": (
        "type",
        "product type",
        "category",
        "item type",
        "product category",
        "类型",
        "品类",
        "kind",
        "form factor",
    ),
    "model": ("model", "mpn", "part number", "model number", "product name", "series", "name", "型号", "product code"),
}
_EXACT = frozenset({"brand", "category", "model"})  # their names are said whole: "processor model" is another thing
_GOES_WITH = re.compile(
    r"compatib|suit(able|ed) (for|to)|\bfits?\b|\bsupport(s|ed)?\b|works with|recommended|designed for|device type|\bfor\b"
    r"|适用|兼容"
)
_BESIDE = re.compile(
    r"software|service|provider|packag|certif|warranty|countr|origin|complian|\bpower (requirements?|adapter)|included|includes"
    r"|contents"
    r"|ean|upc|gtin|sustainab|shipping|url|link|video clip|manual|包装|保修|产地"
)


@lru_cache(maxsize=8192)
def _folded(name: str) -> str:
    return fold(name[:80])


@lru_cache(maxsize=8192)
def is_about(name: str, kind: str) -> bool:
    folded = _folded(name)
    if kind in _EXACT:
        return folded in _ABOUT[kind]
    return any(f" {word} " in f" {folded} " or (not word.isascii() and word in folded) for word in _ABOUT.get(kind, ()))


@lru_cache(maxsize=8192)
def says_whole(name: str, kind: str) -> bool:
    """The attribute speaks of the whole item: "colour", not "colour of the frame"."""
    return _folded(name).removeprefix("product ").removeprefix("main ").removeprefix("item ") in _ABOUT.get(kind, ())


@lru_cache(maxsize=8192)
def goes_with(name: str) -> bool:
    """It names what the item is made for or works with, not what it is."""
    return bool(_GOES_WITH.search(_folded(name)))


@lru_cache(maxsize=8192)
def is_beside(name: str) -> bool:
    """It speaks of what comes along: a package, a service, a certificate."""
    return bool(_BESIDE.search(_folded(name)))


@lru_cache(maxsize=8192)
def is_included(name: str) -> bool:
    """It lists what comes in the box."""
    return bool(re.search(r"\binclude|\bcontents\b|包含", _folded(name)))
