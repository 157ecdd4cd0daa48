"""Many together, or one alone."""

from __future__ import annotations

import threading

from jobs.isolation import Isolation


def test_many_run_together() -> None:
    isolation = Isolation()
    meeting = threading.Barrier(3, timeout=5)

    def meet() -> None:
        with isolation.together():
            meeting.wait()

    threads = [threading.Thread(target=meet) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not meeting.broken


def test_one_alone_waits_for_the_others_and_nobody_enters_beside_it() -> None:
    isolation = Isolation()
    seen: list[str] = []

    def be_alone() -> None:
        with isolation.alone():
            seen.append("alone begins")
            entered.wait(0.1)
            seen.append("alone ends")

    def come_later() -> None:
        with isolation.together():
            seen.append("later")
            entered.set()

    entered = threading.Event()
    with isolation.together():
        loner = threading.Thread(target=be_alone)
        loner.start()
        while not isolation._waiting:
            pass
        later = threading.Thread(target=come_later)
        later.start()
        seen.append("first")
    loner.join(5)
    later.join(5)
    assert seen == ["first", "alone begins", "alone ends", "later"]
