"""A request on its way in: bytes as they come, and when it is whole. Knows no socket, no thread and nothing of HTTP but where
a request ends (`framing`): what it means, and whether it is one, gunicorn says once it is read.
"""

from __future__ import annotations

import tempfile
from enum import Enum, auto
from typing import IO

from lore_app.web_process import framing

HEAD_BYTES = 64 << 10
SMALL_BYTES = 64 << 10  # of a body that is held in memory, whoever sends it
_END = b"\r\n\r\n"


class Stage(Enum):
    HEAD = auto()
    BODY = auto()
    LARGE = auto()  # the head is there: who reads it says whether the body may come
    WHOLE = auto()
    TOO_LONG = auto()  # a head without end
    UNSIZED = auto()  # a body that does not say its length
    UNCLEAR = auto()  # a head that others may read in another way


class Arriving:
    """One request after the other. `length`: of its body; `received`: bytes of that which have come; `begun`: anything of
    the request has come."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._spool: IO[bytes] | None = None
        self._begin()

    def _begin(self) -> None:
        self.stage = Stage.HEAD
        self.received = self._searched = self._head = self.length = self._read = 0
        self.expects_continue = False

    @property
    def begun(self) -> bool:
        return bool(self._held)

    @property
    def large(self) -> bool:
        return self.length > SMALL_BYTES

    def take(self, data: bytes) -> None:
        if self._spool is None:
            self._held += data
        else:
            room = self.length - self.received
            self._spool.write(data[:room])
            self.received += len(data[:room])
            self._held += data[room:]
        self._look()

    def ended(self) -> None:
        """No more will come: a body that is too short is for its reader to refuse."""
        if self.stage is Stage.BODY:
            self._finish()

    def give_up(self) -> None:
        """Nothing of it will be read."""
        self.forget()
        self.stage = Stage.WHOLE

    def receive(self) -> None:
        """The large body may come: on disk, for it may be longer than memory is for."""
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `forget`
        already = self._held[self._head :]
        del self._held[self._head :]
        self.stage, self._read = Stage.BODY, 0
        self.take(bytes(already))

    def read(self, size: int) -> bytes:
        """Of this request alone, as a socket gives it; nothing at its end, as of a connection that was closed."""
        end = self._head if self._spool is not None else min(self._head + self.length, len(self._held))
        piece = bytes(self._held[self._read : min(self._read + size, end)])
        self._read += len(piece)
        return piece or (self._spool.read(size) if self._spool is not None else b"")

    def rewind(self) -> None:
        self._read = 0

    def begin_next(self) -> None:
        """What came behind the request is the beginning of the next."""
        del self._held[: self._head if self._spool is not None else self._head + self.length]
        self.forget()
        self._begin()
        self._look()

    def forget(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _look(self) -> None:
        if self.stage is Stage.HEAD:
            self._look_for_head()
        if self.stage is Stage.BODY:
            if self._spool is None:
                self.received = min(len(self._held) - self._head, self.length)
            if self.received == self.length:
                self._finish()

    def _finish(self) -> None:
        self.stage = Stage.WHOLE
        if self._spool is not None:
            self._spool.seek(0)

    def _look_for_head(self) -> None:
        at = self._held.find(_END, max(0, self._searched - len(_END)))
        searched, self._searched = self._searched, len(self._held)
        if at < 0 or at > HEAD_BYTES:
            self._look_on(searched)
            return
        self._head = at + len(_END)
        self._read_head(bytes(self._held[: self._head]))

    def _look_on(self, searched: int) -> None:
        if len(self._held) > HEAD_BYTES:
            self.stage = Stage.TOO_LONG
        elif framing.has_lone_feed(self._held, searched):
            self.stage = Stage.UNCLEAR

    def _read_head(self, head: bytes) -> None:
        try:
            self.length, self.expects_continue = framing.body_of(head)
        except framing.Unsized:
            self.stage = Stage.UNSIZED
        except framing.Unclear:
            self.stage = Stage.UNCLEAR
        else:
            self.stage = Stage.LARGE if self.large else Stage.BODY
