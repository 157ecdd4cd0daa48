"""A request on its way in: bytes as they come, and when it is whole. Knows no socket, no thread and nothing of HTTP but where
a request ends: what it means, and whether it is one, gunicorn says once it is read.
"""

from __future__ import annotations

import re
import tempfile
from enum import Enum, auto
from typing import IO

HEAD_BYTES = 64 << 10
SMALL_BYTES = 64 << 10  # of a body that is held in memory, whoever sends it
_END = b"\r\n\r\n"
# A length told in another way is none here, and gunicorn refuses it.
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r\n]*)", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


class Stage(Enum):
    HEAD = auto()
    BODY = auto()
    LARGE = auto()  # the head is there: who reads it says whether the body may come
    WHOLE = auto()
    TOO_LONG = auto()  # a head without end
    UNSIZED = auto()  # a body that does not say its length


class Arriving:
    """One request after the other. `received`: bytes of the body that is coming; `begun`: anything of it has come."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._spool: IO[bytes] | None = None
        self._begin()

    def _begin(self) -> None:
        self.stage = Stage.HEAD
        self.received = self._searched = self._head = self._length = self._read = 0
        self.expects_continue = False

    @property
    def begun(self) -> bool:
        return bool(self._held)

    @property
    def large(self) -> bool:
        return self._length > SMALL_BYTES

    def take(self, data: bytes) -> None:
        if self._spool is None:
            self._held += data
        else:
            room = self._length - self.received
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
        end = self._head if self._spool is not None else min(self._head + self._length, len(self._held))
        piece = bytes(self._held[self._read : min(self._read + size, end)])
        self._read += len(piece)
        return piece or (self._spool.read(size) if self._spool is not None else b"")

    def rewind(self) -> None:
        self._read = 0

    def begin_next(self) -> None:
        """What came behind the request is the beginning of the next."""
        del self._held[: self._head if self._spool is not None else self._head + self._length]
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
                self.received = min(len(self._held) - self._head, self._length)
            if self.received == self._length:
                self._finish()

    def _finish(self) -> None:
        self.stage = Stage.WHOLE
        if self._spool is not None:
            self._spool.seek(0)

    def _look_for_head(self) -> None:
        at = self._held.find(_END, max(0, self._searched - len(_END)))
        self._searched = len(self._held)
        if at < 0 or at > HEAD_BYTES:
            self.stage = Stage.TOO_LONG if len(self._held) > HEAD_BYTES else Stage.HEAD
            return
        self._head = at + len(_END)
        self._length = self._body_of(bytes(self._held[: self._head]))
        if self.stage is Stage.HEAD:
            self.stage = Stage.LARGE if self.large else Stage.BODY

    def _body_of(self, head: bytes) -> int:
        told = _FRAMING.findall(head)
        self.expects_continue = bool(told) and _EXPECTS.search(head) is not None
        if len(told) != 1:
            return 0
        name, value = told[0]
        if name.lower() == b"transfer-encoding":
            if value.strip().lower() == b"chunked":
                self.stage = Stage.UNSIZED
            return 0
        return int(value) if value.isdigit() and len(value) < 16 else 0
