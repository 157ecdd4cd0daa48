"""Whose turn it is."""

from __future__ import annotations

from jobs.turns import Turns


def serve(turns: Turns[str], waiting: list[str], times: int) -> str:
    """Who is served, one after the other, with nothing in hand in between."""
    served = ""
    for _ in range(times):
        one = turns.order(waiting)[0]
        turns.serve(one)
        with turns.served(one):
            served += one
    return served


def test_who_always_waits_is_served_in_turn() -> None:
    assert serve(Turns(), ["a", "b", "c"], 7) == "abcabca"


def test_a_newcomer_stands_behind_those_who_wait() -> None:
    turns: Turns[str] = Turns()
    assert serve(turns, ["a", "b"], 3) == "aba"
    assert serve(turns, ["n", "a", "b"], 5) == "banba"


def test_newcomers_without_end_starve_nobody() -> None:
    turns: Turns[str] = Turns()
    turns.order(["old"])
    served = [turns.order(["old", f"new {number}"])[0] for number in range(3)]
    assert served == ["old"] * 3


def test_who_has_less_in_hand_goes_first() -> None:
    """Two threads, one of them in a long training: the next is not another training while something else waits."""
    turns: Turns[str] = Turns()
    turns.order(["training", "pre-label"])
    turns.serve("training")
    turns.serve("pre-label")
    with turns.served("pre-label"):
        pass
    assert turns.order(["training", "pre-label"]) == ["pre-label", "training"]


def test_who_no_longer_waits_is_forgotten() -> None:
    turns: Turns[str] = Turns()
    serve(turns, [f"run {number}" for number in range(100)], 100)
    assert turns.order(["run 7"]) == ["run 7"]
    assert len(turns._places) == 1 and not turns._in_hand
