"""Numbers with units: what "16GB", "55 inch", "42码" or "under 500 dollars" ask for, in comparable units.

A unit belongs to a quantity and has a factor to its base unit; only numbers of one quantity are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from relevance.facts import fold
from relevance.tokens import MAX_TEXT

MAX_NUMBERS = 60


class Unit(NamedTuple):
    quantity: str
    factor: float


UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("mm", "millimetre", "millimeter", "毫米"), Unit("length", 0.1)),
    **dict.fromkeys(("cm", "centimetre", "centimeter", "厘米", "公分"), Unit("length", 1)),
    **dict.fromkeys(("m", "metre", "meter", "metres", "meters", "米"), Unit("length", 100)),
    **dict.fromkeys(("inch", "inches", "in", '"', "''", "英寸", "寸"), Unit("length", 2.54)),
    **dict.fromkeys(("ft", "feet", "foot", "'"), Unit("length", 30.48)),
    **dict.fromkeys(("g", "gram", "grams", "克"), Unit("mass", 1)),
    **dict.fromkeys(("kg", "kilo", "kilos", "公斤", "千克"), Unit("mass", 1000)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), Unit("mass", 453.592)),
    **dict.fromkeys(("oz", "ounce", "ounces"), Unit("mass", 28.3495)),
    **dict.fromkeys(("ml", "毫升"), Unit("volume", 1)),
    **dict.fromkeys(("l", "litre", "liter", "litres", "liters", "升"), Unit("volume", 1000)),
    **dict.fromkeys(("mb",), Unit("memory", 1 / 1024)),
    **dict.fromkeys(("gb", "gig"), Unit("memory", 1)),
    **dict.fromkeys(("tb",), Unit("memory", 1024)),
    **dict.fromkeys(("w", "watt", "watts", "瓦"), Unit("power", 1)),
    **dict.fromkeys(("mah",), Unit("charge", 1)),
    **dict.fromkeys(("hz",), Unit("frequency", 1)),
    **dict.fromkeys(("mp", "megapixel", "万像素"), Unit("pixels", 1)),
    **dict.fromkeys(("码",), Unit("size", 1)),
    **dict.fromkeys(("usd", "$", "dollar", "dollars", "bucks", "元", "块", "¥"), Unit("money", 1)),
    **dict.fromkeys(("eur", "€", "euro", "euros", "£", "gbp"), Unit("money", 1)),
    **dict.fromkeys(("pack", "pcs", "pc", "piece", "pieces", "count"), Unit("count", 1)),
    **dict.fromkeys(("件", "件套", "只", "个", "片", "支"), Unit("count", 1)),
    **dict.fromkeys(("year", "years", "年"), Unit("year", 1)),
}  # fmt: skip
_BOUNDS = {
    "<=": (
        "under",
        "below",
        "less than",
        "up to",
        "max",
        "at most",
        "within",
        "cheaper than",
        "不超过",
        "低于",
        "小于",
    ),
    ">=": ("over", "above", "more than", "at least", "min", "from", "超过", "不低于", "大于"),
}
_AFTER = {"<=": ("以下", "以内", "之内", "or less"), ">=": ("以上", "or more", "+")}
_UNIT = "|".join(sorted((re.escape(unit) for unit in UNITS if unit not in {"$", "¥", "€", "£"}), key=len, reverse=True))
_BEFORE = "|".join(re.escape(word) for words in _BOUNDS.values() for word in words)
_TAIL = "|".join(re.escape(word) for words in _AFTER.values() for word in words)
_NUMBER = re.compile(
    rf"(?P<bound>(?:{_BEFORE})\s*)?(?P<money>[$¥€£]\s*)?(?<![\w.-])(?P<low>\d{{1,6}}(?:[.,]\d{{1,3}})?)"
    rf"(?:\s*(?:-|to|~|至|到)\s*(?P<high>\d{{1,6}}(?:[.,]\d{{1,3}})?))?"
    rf"\s*-?\s*(?P<unit>{_UNIT})?(?![a-z\d])(?P<after>\s*(?:{_TAIL}))?"
)
_SET = re.compile(r"(?:set|pack) of (?P<n>\d{1,3})\b")


class Quantity(NamedTuple):
    """A number found in a text, in base units, with the literal piece and its place in the folded text."""

    quantity: str
    low: float
    high: float
    bound: str  # "", "<=" or ">="
    literal: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number with a unit, a money sign or a bound. A bare number is not a quantity."""
    folded = fold(text[:MAX_TEXT])
    sets = [
        Quantity("count", float(m["n"]), float(m["n"]), "", m.group(), m.start(), m.end())
        for m in _SET.finditer(folded)
    ]
    rest = [one for one in _numbers(folded) if not any(s.start <= one.start < s.end for s in sets)]
    return (*sets, *rest)[:MAX_NUMBERS]


def _numbers(folded: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(folded):
        unit = UNITS.get(match["unit"] or "") or (Unit("money", 1) if match["money"] else None)
        bound = _bound(match["bound"], match["after"])
        if unit is None and not bound:
            year = _year(match["low"]) if not match["high"] else None
            if year is None:
                continue
            unit = Unit("year", 1)
        unit = unit or Unit("money", 1)  # "under 500" without a unit speaks of the price
        low = _value(match["low"]) * unit.factor
        high = _value(match["high"]) * unit.factor if match["high"] else low
        literal = match.group().strip()
        yield Quantity(unit.quantity, min(low, high), max(low, high), bound, literal, match.start(), match.end())


def _bound(before: str | None, after: str | None) -> str:
    word, tail = (before or "").strip(), (after or "").strip()
    return next((bound for bound in ("<=", ">=") if word in _BOUNDS[bound] or (tail and tail in _AFTER[bound])), "")


def _year(digits: str) -> float | None:
    return float(digits) if len(digits) == 4 and digits.isdigit() and 1990 <= int(digits) <= 2035 else None


def _value(digits: str) -> float:
    """1,299 is a thousand and more; 29,5 is a decimal comma."""
    if "," in digits:
        head, tail = digits.split(",", 1)
        return float(head + tail) if len(tail) == 3 else float(f"{head}.{tail}")
    return float(digits)
