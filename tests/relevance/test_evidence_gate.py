"""Shares with an interval that holds for few rows, and when the evidence of a category is good enough."""

from __future__ import annotations

import pytest

from relevance.cells import Verdict
from relevance.evidence_gate import CheckedCell, CheckedEvidence, CheckedPair, GateState, Lack, told_by
from relevance.shares import share, wilson


def pairs(
    count: int, queries: int, *, wrong: int = 0, conflicts: int = 0, wrong_conflicts: int = 0
) -> list[CheckedPair]:
    """Each pair has two matching cells, of which `wrong` in all are wrong; conflicts stand one a pair, from the first on."""
    found = []
    for number in range(count):
        query = number % queries
        cells = [CheckedCell(query, Verdict.MATCH, 2 * number + place < wrong) for place in range(2)]
        if number < conflicts:
            cells.append(CheckedCell(query, Verdict.CONFLICT, number < wrong_conflicts))
        found.append(CheckedPair(query, tuple(cells)))
    return found


def told(*args: int, **counts: int) -> CheckedEvidence:
    return told_by(pairs(*args, **counts))


def test_a_share_of_rows_that_are_all_alike_still_has_a_width() -> None:
    """3 of 3 by Wilson: 3 / (3 + 1.96^2) = 0.438 at least."""
    found = share([(1, True), (2, True), (3, True)])
    assert found.value == 1.0
    assert found.low == pytest.approx(3 / (3 + 1.96**2))
    assert found.high == 1.0


def test_rows_of_one_query_lean_together_and_widen_the_interval() -> None:
    """Ten queries of ten rows, each all right or all wrong, against a hundred queries of a row each."""
    leaning = share((number // 10, number < 30) for number in range(100))
    apart = share((number, number < 30) for number in range(100))
    assert leaning.value == apart.value == 0.3
    assert leaning.low is not None and apart.low is not None
    assert leaning.low < apart.low <= wilson(30, 100)[0]


def test_of_one_query_and_of_nothing_there_is_no_interval() -> None:
    assert share([(1, True), (1, False)]).low is None
    assert share([]).value is None


def test_fifty_pairs_of_twenty_queries_without_a_wrong_cell_pass() -> None:
    assert told(50, 20).state is GateState.PASSED
    assert told(50, 20, conflicts=20).state is GateState.PASSED


@pytest.mark.parametrize(
    ("count", "queries", "counts", "lacks"),
    [
        (49, 20, {}, (Lack.PAIRS,)),
        (50, 19, {}, (Lack.QUERIES,)),
        (50, 20, {"wrong": 8}, (Lack.WRONG_CELLS,)),  # 8 of 100: Wilson's upper end is 0.150
        (50, 20, {"conflicts": 8}, (Lack.CONFLICTS,)),  # 8 of 8: Wilson's lower end is 0.676
    ],
)
def test_what_is_not_shown_yet_is_named(
    count: int, queries: int, counts: dict[str, int], lacks: tuple[Lack, ...]
) -> None:
    found = told(count, queries, **counts)
    assert (found.state, found.lacks) == (GateState.NOT_YET, lacks)


def test_what_lies_beyond_its_limit_has_failed_once_there_are_enough_pairs() -> None:
    assert told(50, 20, wrong=30).state is GateState.FAILED
    assert told(50, 20, conflicts=40, wrong_conflicts=30).state is GateState.FAILED
    assert told(20, 20, wrong=30).state is GateState.NOT_YET


def test_where_nothing_is_said_nothing_can_be_wrong() -> None:
    """A grid that is silent throughout shows nothing: it may be shown."""
    silent = told_by([CheckedPair(number % 20, (), missing=1) for number in range(50)])
    assert (silent.state, silent.missing, silent.wrong.value) == (GateState.PASSED, 50, None)
