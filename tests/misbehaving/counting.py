"""What the server saw, by mode: the figures that a drill compares with what it expected."""

from __future__ import annotations

import heapq
import time
from typing import Any


class Tally:
    """One mode's figures. An answer under way when everything is reset goes on counting in its old tally."""

    def __init__(self) -> None:
        self.calls = 0  # POSTs to chat/completions
        self.choice_calls = 0  # of them, those that asked for a letter
        self.model_calls = 0  # GETs of models
        self.pictures = 0  # in all calls
        self.pictures_by_address = 0  # of them, those that the server would have to fetch
        self.now = 0
        self.peak = 0  # requests at the same time
        self.early = 0  # calls before the time that a 429 named
        self.unpartnered = 0  # swapped: answers that lost their nonce, since nobody came to swap with
        self.canary_hits = 0  # requests to the address that only a redirect or a hostile text names
        self.bytes_sent = 0
        self.most_bytes_sent = 0  # in one answer
        self.longest_seconds = 0.0  # from a request's last byte to its answer's, or until the client hung up
        self.jobs: dict[str, float] = {}  # what a mode remembers of a job
        self.pace: Pace | None = None

    def enter(self) -> float:
        self.now += 1
        self.peak = max(self.peak, self.now)
        return time.monotonic()

    def leave(self, began: float, sent: int) -> None:
        self.now -= 1
        self.bytes_sent += sent
        self.most_bytes_sent = max(self.most_bytes_sent, sent)
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)

    def figures(self) -> dict[str, Any]:
        plain = {name: value for name, value in vars(self).items() if name not in ("jobs", "pace")}
        return plain | (self.pace.figures() if self.pace else {})


class Pace:
    """A server of known speed: `width` slots, each busy width / rate seconds with an answer; first come, first served.

    Works by its own clock: a slot that has work goes on without a gap, however late the event loop is.
    """

    def __init__(self, rate: float, width: int) -> None:
        self.service = width / rate
        self.width = width
        self._free = [0.0] * width  # when each slot is free, as a heap
        self._first: float | None = None
        self._last = 0.0
        self._busy = 0.0  # seconds in which at least one slot worked
        self._answers = 0

    def slot(self) -> float:
        """Take the next free slot: when its answer is ready, on the monotonic clock."""
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        end = max(now, self._free[0]) + self.service
        heapq.heapreplace(self._free, end)
        return end

    def answered(self, end: float) -> None:
        """An answer is ready. They come in the order of their ends, so the union of their times grows at its end."""
        self._busy += max(0.0, end - max(self._last, end - self.service))
        self._last = max(self._last, end)
        self._answers += 1

    def figures(self) -> dict[str, Any]:
        """Shares of the time from the first request to the last answer; None before there is one."""
        span = self._last - self._first if self._first is not None and self._answers else 0.0
        slots = self._answers * self.service / self.width
        return {
            "answers": self._answers,
            "seconds": span,
            "answers_per_second": self._answers / span if span else None,
            "busy_share": self._busy / span if span else None,
            "slots_busy_share": slots / span if span else None,
        }
