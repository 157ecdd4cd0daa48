"""Many together, or one alone."""

from __future__ import annotations

import threading

from jobs.isolation import Isolation


def test_many_are_together() -> None:
    isolation = Isolation()
    assert isolation.enter() and isolation.enter()
    with isolation.place(), isolation.place():
        pass


def test_one_alone_waits_for_the_others_and_nobody_enters_beside_it() -> None:
    isolation = Isolation()
    seen: list[str] = []

    def be_alone() -> None:
        with isolation.place(alone=True):
            seen.append("alone")

    assert isolation.enter()
    assert isolation.enter(alone=True)
    loner = threading.Thread(target=be_alone, daemon=True)
    loner.start()
    assert not isolation.enter() and not isolation.enter(alone=True)  # the door is closed at once
    with isolation.place():
        loner.join(0.1)
        seen.append("the first leaves")
    loner.join(5)
    assert seen == ["the first leaves", "alone"]
    assert isolation.enter()
