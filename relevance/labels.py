"""Label scales as data: grades, the good/bad cut, accepted spellings, and the mapping to and from LORE-4.

Knows nothing of who gave a label. A value that is on no scale is refused by name, never guessed or rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from relevance.facts import fold

_SHOWN = 60
_LONGEST = 100


class UnknownLabel(ValueError):
    """A value that is no label of the scale."""

    def __init__(self, value: object, scale: Scale) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        super().__init__(f"{shown} is not a label of scale {scale.name} ({', '.join(scale.codes)})")


class UnknownScale(ValueError):
    """A name that belongs to no scale."""


@dataclass(frozen=True)
class Grade:
    """One step of a scale. `lore` is the LORE-4 code it maps to, `zh` its name for Chinese readers."""

    code: str
    grade: int
    name: str
    lore: str
    zh: str = ""


@dataclass(frozen=True)
class Scale:
    """An ordered set of labels. A label is good from grade `good_from` on (Acc@2, AUC, GoodRate).

    `lore_codes` maps L1..L4 to codes of this scale: the direction in which several labels may fall together.
    """

    name: str
    grades: tuple[Grade, ...]
    good_from: int
    lore_codes: Mapping[str, str] = field(compare=False)
    aliases: Mapping[str, str] = field(compare=False)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(grade.code for grade in self.grades)

    def parse(self, value: object) -> str:
        """The code meant by a code in any case, a grade number ("2", 2, 2.0) or a known alias."""
        code = self._of_text(value) if isinstance(value, str) else self._of_number(value)
        if code is None:
            raise UnknownLabel(value, self)
        return code

    def grade_of(self, code: str) -> int:
        return self._grade(code).grade

    def is_good(self, code: str) -> bool:
        return self.grade_of(code) >= self.good_from

    def to_lore(self, code: str) -> str:
        return self._grade(code).lore

    def from_lore(self, lore_code: str) -> str:
        if lore_code not in self.lore_codes:
            raise UnknownLabel(lore_code, LORE)
        return self.lore_codes[lore_code]

    def _grade(self, code: str) -> Grade:
        for grade in self.grades:
            if grade.code == code:
                return grade
        raise UnknownLabel(code, self)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Folded text -> code, of the codes and the names of the grades alone: what a label is called, in both languages."""
        found: dict[str, str] = {}
        for grade in self.grades:
            for name in (grade.code, grade.name, grade.zh):
                found.setdefault(fold(name), grade.code)
        return found

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Folded text -> code. A grade's own names come before aliases; spreadsheets write whole numbers as "2.0"."""
        found: dict[str, str] = {}
        for grade in self.grades:
            for spelling in (fold(grade.code), str(grade.grade), f"{grade.grade}.0"):
                found.setdefault(spelling, grade.code)
        return {**self.aliases, **found}

    def _of_text(self, value: str) -> str | None:
        if len(value) > _LONGEST:
            return None
        return self._spellings.get(fold(value))

    def _of_number(self, value: object) -> str | None:
        # true and false are a judgment only where there are two grades
        if not isinstance(value, int | float) or (isinstance(value, bool) and len(self.grades) != 2):
            return None
        return next((grade.code for grade in self.grades if grade.grade == value), None)


def _aliases(**spellings: tuple[str, ...]) -> Mapping[str, str]:
    """One entry per spelling; a code with a space is written with an underscore."""
    pairs = ((spelling, code.replace("_", " ")) for code, several in spellings.items() for spelling in several)
    return {fold(spelling): code for spelling, code in pairs}


LORE = Scale(
    name="lore-4",
    grades=(
        Grade("L1", 1, "Irrelevant", "L1", "不相关"),
        Grade("L2", 2, "Mismatch", "L2", "不匹配"),
        Grade("L3", 3, "Related", "L3", "相关"),
        Grade("L4", 4, "Excellent", "L4", "优秀"),
    ),
    good_from=3,
    lore_codes={code: code for code in ("L1", "L2", "L3", "L4")},
    aliases=_aliases(
        L1=("irrelevant", "不相关", "无关"),
        L2=("mismatch", "mismatched", "不匹配"),
        L3=("related", "相关"),
        L4=("excellent", "完全相关", "优秀"),
    ),
)

# The source names only the ends of its scale.
_CHORUS = Scale(
    name="chorus-4",
    grades=(
        Grade("0", 0, "clearly wrong", "L1", "明显错误"),
        Grade("1", 1, "1", "L2", "1"),
        Grade("2", 2, "2", "L3", "2"),
        Grade("3", 3, "what the shopper wants", "L4", "正是所需"),
    ),
    good_from=2,
    lore_codes={"L1": "0", "L2": "1", "L3": "2", "L4": "3"},
    aliases={},
)

# A complement is no answer to the query, however well it goes with one: bad.
_ESCI = Scale(
    name="esci-4",
    grades=(
        Grade("Irrelevant", 0, "Irrelevant", "L1", "不相关"),
        Grade("Complement", 1, "Complement", "L2", "搭配品"),
        Grade("Substitute", 2, "Substitute", "L3", "替代品"),
        Grade("Exact", 3, "Exact", "L4", "完全符合"),
    ),
    good_from=2,
    lore_codes={"L1": "Irrelevant", "L2": "Complement", "L3": "Substitute", "L4": "Exact"},
    aliases=_aliases(
        Irrelevant=("i", "不相关"),
        Complement=("c", "搭配品"),
        Substitute=("s", "替代品"),
        Exact=("e", "完全符合"),
    ),
)

_WANDS = Scale(
    name="wands-3",
    grades=(
        Grade("Irrelevant", 0, "Irrelevant", "L1", "不相关"),
        Grade("Partial", 1, "Partial", "L3", "部分符合"),
        Grade("Exact", 2, "Exact", "L4", "完全符合"),
    ),
    good_from=1,
    lore_codes={"L1": "Irrelevant", "L2": "Irrelevant", "L3": "Partial", "L4": "Exact"},
    aliases=_aliases(
        Irrelevant=("no match", "不相关"),
        Partial=("partial match", "部分符合"),
        Exact=("exact match", "完全符合"),
    ),
)

# A binary label says on which side of the cut a pair stands and no more: it maps to that side's far end.
_BINARY = Scale(
    name="binary",
    grades=(
        Grade("Not relevant", 0, "Not relevant", "L1", "不相关"),
        Grade("Relevant", 1, "Relevant", "L4", "相关"),
    ),
    good_from=1,
    lore_codes={"L1": "Not relevant", "L2": "Not relevant", "L3": "Relevant", "L4": "Relevant"},
    aliases=_aliases(
        Not_relevant=(
            "no",
            "n",
            "false",
            "bad",
            "irrelevant",
            "not-relevant",
            "non-relevant",
            "不相关",
            "否",
        ),
        Relevant=("yes", "y", "true", "good", "相关", "是"),
    ),
)

SCALES: Mapping[str, Scale] = MappingProxyType({scale.name: scale for scale in (LORE, _CHORUS, _ESCI, _WANDS, _BINARY)})


def scale_named(name: str) -> Scale:
    """The scale of that name; raises UnknownScale, which lists the known names."""
    if name not in SCALES:
        raise UnknownScale(f"unknown label scale {str(name)[:_SHOWN]!r}; known: {', '.join(SCALES)}")
    return SCALES[name]
