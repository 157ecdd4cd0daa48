"""When the evidence of a category is good enough to be shown: the cells that people checked, counted and held to limits.

A cell that says nothing is never wrong, so it counts nowhere: shares are of the cells that say something. Where no checked
grid says a conflict there is no conflict that could be wrong, and its limit asks for nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from relevance.cells import Verdict
from relevance.resampling import Figure
from relevance.shares import share

FEWEST_PAIRS, FEWEST_QUERIES = 50, 20
MOST_WRONG = 0.10  # the upper limit of the share of wrong cells stays at or below it
LEAST_PRECISION = 0.75  # the lower limit of the share of right conflicts stays at or above it


class GateState(StrEnum):
    PASSED = "passed"
    NOT_YET = "not_yet"
    FAILED = "failed"


class Lack(StrEnum):
    """What a category still lacks."""

    PAIRS = "pairs"
    QUERIES = "queries"
    WRONG_CELLS = "wrong_cells"
    CONFLICTS = "conflicts"


@dataclass(frozen=True)
class CheckedCell:
    """A cell that says something, of a query, and whether a person found it wrong."""

    query: int
    verdict: Verdict
    wrong: bool


@dataclass(frozen=True)
class CheckedPair:
    """A pair all of whose cells were checked; `missing` counts what the item says and its grid does not."""

    query: int
    cells: tuple[CheckedCell, ...]
    missing: int = 0


@dataclass(frozen=True)
class CheckedEvidence:
    """What the checked pairs of a category tell."""

    pairs: int
    queries: int
    missing: int
    wrong: Figure
    precision: Figure

    @property
    def enough(self) -> bool:
        return self.pairs >= FEWEST_PAIRS and self.queries >= FEWEST_QUERIES

    @property
    def lacks(self) -> tuple[Lack, ...]:
        told = {
            Lack.PAIRS: self.pairs < FEWEST_PAIRS,
            Lack.QUERIES: self.queries < FEWEST_QUERIES,
            Lack.WRONG_CELLS: self.wrong.n > 0 and not _at_most(self.wrong.high, MOST_WRONG),
            Lack.CONFLICTS: self.precision.n > 0 and not _at_least(self.precision.low, LEAST_PRECISION),
        }
        return tuple(lack for lack, there in told.items() if there)

    @property
    def state(self) -> GateState:
        """Failed: no further pair is likely to help, the interval lies beyond the limit."""
        if not self.lacks:
            return GateState.PASSED
        beyond = _above(self.wrong.low, MOST_WRONG) or _below(self.precision.high, LEAST_PRECISION)
        return GateState.FAILED if self.enough and beyond else GateState.NOT_YET


def told_by(pairs: Collection[CheckedPair]) -> CheckedEvidence:
    cells = [cell for pair in pairs for cell in pair.cells]
    conflicts = [cell for cell in cells if cell.verdict is Verdict.CONFLICT]
    return CheckedEvidence(
        len(pairs),
        len({pair.query for pair in pairs}),
        sum(pair.missing for pair in pairs),
        share((cell.query, cell.wrong) for cell in cells),
        share((cell.query, not cell.wrong) for cell in conflicts),
    )


def _at_most(bound: float | None, limit: float) -> bool:
    return bound is not None and bound <= limit


def _at_least(bound: float | None, limit: float) -> bool:
    return bound is not None and bound >= limit


def _above(bound: float | None, limit: float) -> bool:
    return bound is not None and bound > limit


def _below(bound: float | None, limit: float) -> bool:
    return bound is not None and bound < limit
