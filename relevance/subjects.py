"""What a condition is about in a pair: the words of the query and of the item that it speaks of, never whether it holds.

Near and conflict are one here, and how far an amount lies off is not looked at: on which side of such a line a pair falls
is a rule's verdict. So what is chosen by subjects tells what is asked and what is stated, and no label.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, EvidenceRow, Source, Verdict
from relevance.facts import PairFacts
from relevance.tokens import singular, tokens

_DIGIT = re.compile(r"\d")


class StatedAs(IntEnum):
    """How what the item states stands to what is asked."""

    DIFFERS = 0  # something else, or something like it
    ABSENT = 1  # nothing of it
    OPEN = 2  # not looked at
    SAME = 3  # just that


STANDS = {
    Verdict.CONFLICT: StatedAs.DIFFERS,
    Verdict.NEAR: StatedAs.DIFFERS,
    Verdict.SILENT: StatedAs.ABSENT,
    Verdict.MATCH: StatedAs.SAME,
}


@dataclass(frozen=True)
class SubjectMatter:
    """`asked` and `stated` are literals of query and item. `excluded`: the query asks for it not to be there. `words`: the
    rule names these words itself. `head`: about the kind of thing alone, as nearly every pair is."""

    asked: str = ""
    stated: str = ""
    stand: StatedAs = StatedAs.OPEN
    excluded: bool = False
    words: bool = False
    head: bool = False

    @property
    def holds_the_asked(self) -> bool:
        """The asked words are among those that the item states: "bag", "bag strap"."""
        return bool(self.asked) and _words(self.asked) <= _words(self.stated)

    @property
    def ends_as_asked(self) -> bool:
        """The kind of thing is called by the same noun: "dvd player", "blu-ray player"."""
        asked, stated = tokens(self.asked), tokens(self.stated)
        return self.head and bool(asked and stated) and singular(asked[-1].text) == singular(stated[-1].text)

    @property
    def states_the_asked(self) -> bool:
        return _words(self.asked) == _words(self.stated)

    @property
    def speaks(self) -> bool:
        """Whether there is anything to tell: not where the item only has what was asked."""
        return bool(self.stated) or bool(self.asked and self.stand is not StatedAs.SAME)


def _words(text: str) -> set[str]:
    return {singular(token.text) for token in tokens(text)}


NOTHING = SubjectMatter()  # of a part that limits a rule and is about nothing itself


class Speaking:
    """How most conditions are: they bring a rule before a pair by what they name, and their opposite leaves out none."""

    @property
    def routable(self) -> bool:
        return True

    def without(self, pair: PairFacts, grid: EvidenceGrid) -> SubjectMatter | None:
        return NOTHING


def of_row(
    row: EvidenceRow, stand: StatedAs, verdict: Verdict = Verdict.SILENT, source: Source | None = None
) -> SubjectMatter:
    """What a row asks and, where it is looked at with this verdict, what the item states of it; by one source, if named."""
    wish = row.constraint
    stated = "" if verdict is Verdict.SILENT else _stated(row, verdict, source)
    return SubjectMatter(wish.text, stated, stand, excluded=wish.negated, head=wish.head)


def _stated(row: EvidenceRow, verdict: Verdict, source: Source | None) -> str:
    """The literal that decided; of a conflict that a match elsewhere softened, what conflicts."""
    said = [cell for cell in row.cells if cell.literal and cell.verdict is not Verdict.SILENT]
    said = [cell for cell in said if source in {None, cell.source}]
    decided = [cell for cell in said if cell.verdict is verdict]
    other = [cell for cell in said if cell.verdict is not Verdict.MATCH]
    return next((cell.literal for cell in (*decided, *other)), "")


def is_no_other_value(about: SubjectMatter, *, on_purpose: bool) -> bool:
    """Whether what is to differ states the asked words after all: just them, or with more around them or under the same
    noun, which is near at most. A rule of what is near, or of words that describe, speaks of those on purpose."""
    return about.states_the_asked or ((about.holds_the_asked or about.ends_as_asked) and not on_purpose)


def is_another_thing(row: EvidenceRow, about: SubjectMatter) -> bool:
    """Whether a model or measure that is the wanted thing itself differs as a thing: an "iphone 7" and a case for one are
    no two models."""
    numbered = _DIGIT.search(about.asked) and _DIGIT.search(about.stated)
    return about.head and row.constraint.kind in {Dimension.MODEL, Dimension.SPECIFICATION} and not numbered


def joined(parts: Sequence[SubjectMatter]) -> SubjectMatter:
    """Of parts that must all hold: the words that a rule names itself tell more than a row, what differs more than what is
    met, and what the item says with the asked words more than what it says besides."""
    telling = sorted(parts, key=lambda one: (not one.words, one.stand is StatedAs.SAME, not one.holds_the_asked))
    asking = next((one for one in telling if one.asked), NOTHING)
    said = [one for one in parts if one != NOTHING]
    return SubjectMatter(
        asking.asked,
        next((one.stated for one in telling if one.stated), ""),
        min((one.stand for one in said if one.stand is not StatedAs.OPEN), default=StatedAs.OPEN),
        excluded=asking.excluded,
        words=any(one.words for one in said),
        head=bool(said) and all(one.head for one in said),
    )


def first_that_speaks(parts: Iterable[SubjectMatter | None]) -> SubjectMatter | None:
    return next((one for one in parts if one is not None and one.speaks), None)
