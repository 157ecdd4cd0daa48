"""Numbers in a source of an item: a wish is a span, and so is what an item offers.

Spans that touch match, spans apart by no more than the tolerance are near (10 %, screens 5 %).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from relevance.cells import Cell, Source, Verdict
from relevance.constraints import Constraint, Op
from relevance.reading import Measured

TOLERANCE = 0.10
SCREEN_TOLERANCE = 0.05
SAME = 0.005  # rounding between units
_EXACT = {"year", "count", "size", "age", "duration"}  # quantities that have no "about"


def measured_cell(constraint: Constraint, source: Source, found: Sequence[Measured]) -> Cell:
    same = [one for one in found if one.quantity.quantity == constraint.unit]
    cells = [number_cell(constraint, source, _offered(one), one.quantity.literal, one.where) for one in same]
    order = (Verdict.MATCH, Verdict.NEAR, Verdict.CONFLICT)
    return min(cells, key=lambda cell: order.index(cell.verdict), default=Cell(source, Verdict.SILENT))


Span = tuple[float, float]


def _wanted(constraint: Constraint) -> Span:
    assert constraint.number is not None, "only numeric constraints are measured"
    if constraint.op is Op.AT_MOST:
        return -math.inf, constraint.number
    if constraint.op is Op.AT_LEAST:
        return constraint.number, math.inf
    if constraint.low is not None and constraint.high is not None:
        return constraint.low, constraint.high
    return constraint.number, constraint.number


def _offered(one: Measured) -> Span:
    """ "up to 65 inch" takes 55, "ages 3 and up" takes 5."""
    low, high, bound = one.quantity.low, one.quantity.high, one.quantity.bound
    return (-math.inf, high) if bound == Op.AT_MOST else (low, math.inf) if bound == Op.AT_LEAST else (low, high)


def off_by(constraint: Constraint, offered: Span) -> float:
    """How far an offered span lies outside the asked one, as a share of the end it misses; 0 where they touch."""
    apart, end = _apart(constraint, offered)
    return 0.0 if apart <= 0 else apart / abs(end) if end else math.inf


def _apart(constraint: Constraint, offered: Span) -> tuple[float, float]:
    low, high = _wanted(constraint)
    short, over = low - offered[1], offered[0] - high  # how far the item stays below, or goes beyond
    return (short, low) if short > over else (over, high)


def number_cell(constraint: Constraint, source: Source, offered: Span, literal: str, where: str) -> Cell:
    apart, end = _apart(constraint, offered)
    exact = constraint.unit in _EXACT
    if apart <= (0.0 if exact else SAME * abs(end)):
        return Cell(source, Verdict.MATCH, literal, where)
    screen = constraint.unit == "length" and constraint.op is Op.ABOUT
    near = not exact and apart <= (SCREEN_TOLERANCE if screen else TOLERANCE) * abs(end)
    return Cell(source, Verdict.NEAR if near else Verdict.CONFLICT, literal, where)
