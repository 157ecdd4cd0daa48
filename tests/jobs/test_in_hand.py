"""What a process notices of itself: work that stands still, and how long no bell has rung."""

from __future__ import annotations

import time
import uuid

import pytest

from jobs.in_hand import Watch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_work_without_a_sign_for_too_long_is_stuck(clock: list[float]) -> None:
    watch, token = Watch(), uuid.uuid4()
    with watch.in_hand("export 7", token):
        clock[0] += 59
        assert watch.stuck(60) == ""
        clock[0] += 2
        assert watch.stuck(60) == "export 7"
        watch.sign(token)
        assert watch.stuck(60) == ""
    clock[0] += 3600
    assert watch.stuck(60) == ""


def test_a_sign_of_work_that_nobody_watches_does_nothing(clock: list[float]) -> None:
    watch = Watch()
    watch.sign(uuid.uuid4())
    assert watch.stuck(0) == ""


def test_it_is_quiet_while_a_thread_is_free_and_no_bell_rings(clock: list[float]) -> None:
    watch = Watch()
    clock[0] += 5
    assert watch.quiet(threads=2) == 5
    watch.rung()
    clock[0] += 7
    assert watch.quiet(threads=2) == 7  # the other thread is free
    watch.rung()
    clock[0] += 9
    assert watch.quiet(threads=2) == 0  # both are at work: no bell is wanted
    watch.answered()
    assert watch.quiet(threads=2) == 0
    clock[0] += 1
    assert (watch.quiet(threads=2), watch.bells) == (1, 2)
