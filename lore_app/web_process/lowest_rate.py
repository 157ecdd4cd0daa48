"""Whether a client moves fast enough: so many bytes in each span of time, or all is over at its end."""

from __future__ import annotations

from math import inf


class LowestRate:
    """`least` bytes in each `span` of seconds; without it, the span is a deadline."""

    def __init__(self, now: float, span: float, least: float = inf) -> None:
        self._span, self._least = span, least
        self._before = 0
        self.ends = now + span

    def holds(self, now: float, moved: int) -> bool:
        """`moved`: bytes since the beginning."""
        if now < self.ends:
            return True
        if moved - self._before < self._least:
            return False
        self._before, self.ends = moved, now + self._span
        return True
