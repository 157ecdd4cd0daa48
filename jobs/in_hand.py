"""What this process has in hand, and when it last got on: how it notices that something stands still.

Kept in memory, by the monotonic clock, for the whole process. `process` asks and decides.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from uuid import UUID, uuid4


@dataclass
class Piece:
    """A piece of work; `sign` is when it last gave a sign of progress, its beginning included."""

    what: str
    sign: float


class Watch:
    def __init__(self) -> None:
        self._lock = Lock()
        self._pieces: dict[UUID, Piece] = {}
        self.life = uuid4()  # of this process: the rows that it takes bear it

    @contextmanager
    def in_hand(self, what: str, token: UUID) -> Iterator[None]:
        with self._lock:
            self._pieces[token] = Piece(what, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._pieces[token]

    def sign(self, token: UUID) -> None:
        """The piece of work got on; work that is not watched may say so too."""
        with self._lock:
            if piece := self._pieces.get(token):
                piece.sign = time.monotonic()

    def stuck(self, seconds: float) -> str:
        """What has given no sign for so long; empty when all gets on."""
        since = time.monotonic() - seconds
        with self._lock:
            return next((piece.what for piece in self._pieces.values() if piece.sign < since), "")


watch = Watch()
