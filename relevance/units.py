"""Numbers with units: what "16GB", "55 inch", "42码" or "under 500 dollars" ask for, in comparable units.

A unit belongs to a quantity and has a factor to its base unit; only numbers of one quantity are compared. A number
without a unit is a calendar year, or a price after words that can only be a bound ("under 90", but not "air max 90").
At most MAX_NUMBERS quantities of a text are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from relevance.tokens import read_folded

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
    **dict.fromkeys(("斤",), Unit("mass", 500)),
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
    **dict.fromkeys(("件", "件套", "只", "个", "片", "支", "双", "条", "张", "粒", "枚"), Unit("count", 1)),
    **dict.fromkeys(("包", "盒", "瓶", "袋", "箱", "罐"), Unit("count", 1)),
    **dict.fromkeys(("year old", "years old", "year-old", "years-old", "year olds", "year-olds"), Unit("age", 1)),
    **dict.fromkeys(("yr old", "yrs old", "yo", "岁", "周岁"), Unit("age", 1)),
    **dict.fromkeys(("month old", "months old", "month-old", "months-old", "个月"), Unit("age", 1 / 12)),
    **dict.fromkeys(("year", "years", "年"), Unit("duration", 1)),  # a calendar year where it can be one
}  # fmt: skip
CALENDAR = range(1990, 2036)
_MONEY, _YEAR, _AGE = Unit("money", 1), Unit("year", 1), Unit("age", 1)
# Words that can only be a bound make a price of a bare number; the others are names too ("air max 90", "iphone 12+").
_TRUE_BEFORE = {
    "<=": ("under", "below", "less than", "up to", "at most", "within", "cheaper than", "no more than", "not more than",
           "不超过", "不高于", "不大于", "低于", "小于", "最多", "至多"),
    ">=": ("over", "above", "more than", "at least", "no less than", "not less than",
           "超过", "不低于", "不少于", "不小于", "大于", "高于", "至少", "最少"),
}  # fmt: skip
_TRUE_AFTER = {
    "<=": ("以下", "以内", "之内", "or less", "or under", "or below", "and under", "and below"),
    ">=": ("以上", "or more", "or over", "and over", "and up"),
}
_WEAK_BEFORE = {"<=": ("max",), ">=": ("min", "from")}


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))


_UNIT = _either(unit for unit in UNITS if unit not in {"$", "¥", "€", "£"})
_BEFORE = _either(word for table in (_TRUE_BEFORE, _WEAK_BEFORE) for words in table.values() for word in words)
_AFTER = _either(word for words in _TRUE_AFTER.values() for word in words)
_DIGITS = r"\d{1,6}(?:[.,]\d{1,3})?"


def _number(joint: str) -> str:
    """A number or a range: "55", "55-65", "55 inch to 65 inch". A letter right before makes it part of a name."""
    return (
        rf"(?=\d)(?<![^\W\u3400-\u9fff])(?<![.-])(?P<low>{_DIGITS})"
        rf"(?:(?:\s*(?P<mid>{_UNIT}))?\s*(?:{joint})\s*[$¥€£]?(?P<high>{_DIGITS})(?(mid)(?=\s*(?P=mid)(?![a-z\d]))))?"
        rf"(?P<plus>\+)?\s*-?\s*(?P<unit>(?!in[\s-]*1(?![\d.]))(?:{_UNIT}))?(?![a-z\d])"
        rf"(?:\s*(?P<after>{_AFTER})|(?P<tail>\+)(?![a-z\d]))?"
    )


_NUMBER = re.compile(_number("-|to|~|至|到"))
_BETWEEN = re.compile(_number("and|和|-|to|~|至|到"))
_PREFIX = re.compile(
    rf"(?:(?<![a-z])(?:(?P<bound>{_BEFORE})|(?P<between>between|介于)|(?P<age>age[sd]?))\s*)?(?P<money>[$¥€£]\s*)?$"
)
LONGEST_PREFIX = 16  # characters before a number in which its bound and its money sign stand
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


@lru_cache(maxsize=8192)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number with a unit, a money sign or a bound. A bare number is not a quantity."""
    folded = read_folded(text)
    sets = [
        Quantity("count", float(m["n"]), float(m["n"]), "", m.group(), m.start(), m.end())
        for m in islice(_SET.finditer(folded), MAX_NUMBERS)
    ]
    rest = (one for one in _numbers(folded) if not any(s.start <= one.start < s.end for s in sets))
    return (*sets, *islice(rest, MAX_NUMBERS - len(sets)))


def _numbers(folded: str) -> Iterator[Quantity]:
    at = 0
    while match := _NUMBER.search(folded, at):
        prefix = _PREFIX.search(folded, max(at, match.start() - LONGEST_PREFIX), match.start())
        assert prefix is not None, "every part of a prefix may be absent"
        if prefix["between"]:
            match = _BETWEEN.match(folded, match.start()) or match
        at = match.end()
        bound, sure = _bound(prefix["bound"] or "", match)
        unit = _unit(prefix, match, sure=sure)
        if unit is None:
            continue
        ends = [_value(digits) * unit.factor for digits in (match["low"], match["high"]) if digits]
        literal = folded[prefix.start() : at].strip()
        yield Quantity(unit.quantity, min(ends), max(ends), bound, literal, prefix.start(), at)


def _unit(prefix: re.Match[str], match: re.Match[str], *, sure: bool) -> Unit | None:
    unit = UNITS.get(match["unit"] or "")
    if unit is None and prefix["money"]:
        return _MONEY
    calendar = match["high"] is None and match["low"].isdigit() and int(match["low"]) in CALENDAR
    if unit is None and prefix["age"]:
        return None if calendar else _AGE
    if unit is None and sure:
        return _MONEY  # "under 500" without a unit speaks of the price
    if calendar and (unit is None or unit.quantity == "duration"):
        return _YEAR
    return unit


def _bound(before: str, match: re.Match[str]) -> tuple[str, bool]:
    """The bound, and whether its words can be nothing else. "from" before two ends begins a range."""
    after = match["after"] or ""
    if before == "from" and match["high"]:
        before = ""
    for bound in ("<=", ">=") if before or after else ():
        if before in _TRUE_BEFORE[bound] or after in _TRUE_AFTER[bound]:
            return bound, True
    weak = next((bound for bound in ("<=", ">=") if before in _WEAK_BEFORE[bound]), "")
    return weak or (">=" if match["plus"] or match["tail"] else ""), False


def _value(digits: str) -> float:
    """1,299 is a thousand and more; 29,5 is a decimal comma."""
    if "," in digits:
        head, tail = digits.split(",", 1)
        return float(head + tail) if len(tail) == 3 else float(f"{head}.{tail}")
    return float(digits)
