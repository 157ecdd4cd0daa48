"""What a process notices of itself: work that stands still."""

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
