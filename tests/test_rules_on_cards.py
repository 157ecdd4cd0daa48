"""Of the sheet of rules on cards: how it is drawn, and that readers who differ count against us."""

from __future__ import annotations

import random
from typing import Any

from benchmarks.rules_on_cards import drawn, scored
from relevance.facts import ItemFacts, PairFacts


def card(number: int, *shown: str) -> dict[str, Any]:
    return {"card": number, "query": f"q{number}", "rules": [{"code": code} for code in shown]}


def mark(number: int, deciding: list[str], absurd: list[str]) -> dict[str, Any]:
    return {"card": number, "deciding": deciding, "absurd": absurd}


def test_at_most_two_cards_are_drawn_of_a_query_and_the_same_ones_each_time() -> None:
    pairs = [PairFacts(f"q{n % 3}", ItemFacts(str(n), "Mug")) for n in range(30)]
    first, again = (drawn(pairs, 10, random.Random(8)) for _ in range(2))
    assert first == again
    assert sorted(pair.query for pair in first) == ["q0", "q0", "q1", "q1", "q2", "q2"]


def test_where_readers_differ_it_counts_against_us() -> None:
    """Decided are 1, 2 and 3; there for every reader on 1 alone. Absurd for somebody are 2 and 4 of 4."""
    sheet = [card(1, "R-1", "R-2"), card(2, "R-1"), card(3), card(4, "R-9")]
    ana = [mark(1, ["R-1", "R-7"], []), mark(2, ["R-1"], []), mark(3, ["R-1"], []), mark(4, [], [])]
    ben = [mark(1, ["R-2"], []), mark(2, ["R-5"], ["R-1"]), mark(3, [], []), mark(4, [], ["R-9"])]
    told = scored(sheet, [ana, ben])
    assert told["deciding"]["value"] == 1 / 3 and told["deciding"]["n"] == 3
    assert told["absurd"]["value"] == 2 / 4 and told["absurd"]["n"] == 4
