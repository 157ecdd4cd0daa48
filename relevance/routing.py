"""Which rules are brought before a pair: by what its query asks and what its item states, each with those words.

Never by which rules fire: near and conflict bring the same rules in the same order, no bound of an amount is looked at,
and neither effect nor label is read (relevance.subjects). A rule that every pair would bring is brought where the item is,
or may be, another kind of thing, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

from relevance.dimensions import DIMENSION_NAMES, Dimension
from relevance.evidence import EvidenceGrid, Verdict
from relevance.facts import PairFacts, fold
from relevance.rules import RuleSpec
from relevance.subjects import NOTHING, STANDS, StatedAs, SubjectMatter, of_row

ON_A_CARD = 3
IN_A_PROMPT = 5
SPOKEN_OF = 2  # rules of one thing beside which one without a condition adds nothing
LONGEST = 60  # characters of a literal in a reason


class RoutingReason(NamedTuple):
    """What made a rule apply: the literal that the query asks, and the one that the item states.

    `asked` is empty where only the item speaks of it; `stated` where the item says nothing of it (`absent`), or where
    that was not looked at.
    """

    dimension: Dimension
    asked: str
    stated: str
    absent: bool
    excluded: bool  # the query asks for it not to be there

    @property
    def in_words(self) -> Mapping[str, str]:
        """ "year: 2026 asked, 2025 stated", in both languages."""
        name = DIMENSION_NAMES[self.dimension]
        en = [f"{'no ' if self.excluded else ''}{self.asked} asked"] if self.asked else []
        zh = [f"要求{'不含' if self.excluded else ''} {self.asked}"] if self.asked else []
        if self.stated:
            en.append(f"{self.stated} stated" if self.asked else f"{self.stated} stated, not asked")
            zh.append(f"标明 {self.stated}" if self.asked else f"标明 {self.stated}，未要求")
        elif self.absent:
            en.append("not stated")
            zh.append("未标明")
        return {"en": f"{name['en']}: {', '.join(en)}", "zh": f"{name['zh']}：{'，'.join(zh)}"}


class RoutedRule(NamedTuple):
    spec: RuleSpec
    reason: RoutingReason


def routed_rules(
    pair: PairFacts, grid: EvidenceGrid, specs: Iterable[RuleSpec], limit: int = IN_A_PROMPT
) -> tuple[RoutedRule, ...]:
    """At most `limit`, those first whose words the item states, then by precedence; none where none has a word here.

    One rule of each thing that is asked or stated comes before a second of any; of one thing what tells more of it comes
    before what tells its kind alone.
    """
    found = [(spec, about) for spec in specs if (about := subject_of(spec, pair, grid)) is not None]
    found.sort(key=lambda one: (one[1].stand, one[0].when is None, -one[0].precedence, one[0].code))
    things: dict[tuple[str, str], list[tuple[RuleSpec, SubjectMatter]]] = {}
    for spec, about in found:
        thing = ("asked", fold(about.asked)) if about.asked else ("stated", fold(about.stated))
        things.setdefault(thing, []).append((spec, about))
    of_each = [_of_one_thing(some) for some in things.values()]
    in_turn = [one for turn in zip_longest(*of_each) for one in turn if one is not None]
    return tuple(RoutedRule(spec, _reason(spec, about)) for spec, about in in_turn[:limit])


def _of_one_thing(some: list[tuple[RuleSpec, SubjectMatter]]) -> list[tuple[RuleSpec, SubjectMatter]]:
    """What only people can apply is left out where two rules speak of the thing already, or one of what is not stated: it
    would speak of every pair."""
    checked = [one for one in some if one[0].when is not None]
    enough = 1 if some[0][1].stand is StatedAs.ABSENT else SPOKEN_OF
    kept = checked if len(checked) >= enough else some
    return sorted(kept, key=lambda one: (one[1].stand, one[1].head))


def subject_of(spec: RuleSpec, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
    """What a rule is about in a pair, or None where it does not concern it."""
    if not spec.covers(pair) or not spec.is_of_kind(pair):
        return None
    about = spec.when.subject(pair, grid) if spec.when is not None else _by_dimension(spec, grid)
    if about is None:
        return None
    if words := spec.asked_words(pair):
        about = _asked_by_words(about, words)
    elif not about.words and _is_met(about, grid):
        return None
    return about if about.speaks else None


def _is_met(about: SubjectMatter, grid: EvidenceGrid) -> bool:
    """Whether it is about a wish that the item just meets, which tells something only where nothing else is asked; of the
    kind of thing not even there."""
    if about.stand in {StatedAs.SAME, StatedAs.OPEN}:
        return about.head or len(grid.rows) > 1
    return False


def _by_dimension(spec: RuleSpec, grid: EvidenceGrid) -> SubjectMatter | None:
    """A rule that only people can apply is about the wishes of its dimension that are not just met."""
    for row in grid.rows:
        if row.constraint.kind is spec.dimension and not row.constraint.word and row.verdict is not Verdict.MATCH:
            return of_row(row, STANDS[row.verdict], row.verdict)
    return NOTHING if spec.scope_queries else None


def _asked_by_words(about: SubjectMatter, words: str) -> SubjectMatter:
    """The words of the query that the rule itself names tell more than the kind of thing, or stand where nothing does."""
    if about.head:
        return SubjectMatter(asked=words, words=True)
    return about if about.asked else replace(about, asked=words)


def _reason(spec: RuleSpec, about: SubjectMatter) -> RoutingReason:
    absent = not about.stated and about.stand is StatedAs.ABSENT
    return RoutingReason(spec.dimension, _short(about.asked), _short(about.stated, about.asked), absent, about.excluded)


def _short(literal: str, around: str = "") -> str:
    """The literal, or as much of it as fits: from its beginning, or around the words where they stand further on."""
    if len(literal) <= LONGEST:
        return literal
    at = literal.casefold().find(around.casefold()) if around else 0
    start = 0 if at + len(around) < LONGEST else min(at - LONGEST // 3, len(literal) - LONGEST + 2)
    cut = literal[start : start + LONGEST - (2 if start else 1)]
    return f"{'…' if start else ''}{cut}{'…' if start + len(cut) < len(literal) else ''}"
