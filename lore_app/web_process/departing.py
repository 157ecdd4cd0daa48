"""An answer on its way out: what its client has not taken yet waits here, on disk where it is much, and not in a thread."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import termios
import time
from collections import deque
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO

from lore_app.web_process.lowest_rate import LowestRate

MEMORY_BYTES = 1 << 20
MOST_BYTES = 256 << 20  # of a stream that wait; whoever makes more of it waits with them
_PIECE = 256 << 10


class WaitingBytes:
    """First in, first out."""

    def __init__(self) -> None:
        self._file: IO[bytes] = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
        self._sent = self.end = 0

    @property
    def left(self) -> int:
        return self.end - self._sent

    def hold(self, data: memoryview) -> None:
        self._file.seek(self.end)
        self.end += self._file.write(data)

    def send(self, raw: socket.socket) -> int:
        self._file.seek(self._sent)
        sent = raw.send(self._file.read(_PIECE))
        self._sent += sent
        return sent

    def close(self) -> None:
        self._file.close()


class WaitingFile:
    """A part of a file, which stays open though its response is done."""

    def __init__(self, file: IO[bytes], offset: int, count: int) -> None:
        self._descriptor = os.dup(file.fileno())
        self._at, self.left = offset, count

    def send(self, raw: socket.socket) -> int:
        sent = os.sendfile(raw.fileno(), self._descriptor, self._at, min(self.left, 4 * _PIECE))
        if not sent:
            raise BrokenPipeError("the file is shorter than it was")
        self._at, self.left = self._at + sent, self.left - sent
        return sent

    def close(self) -> None:
        os.close(self._descriptor)


class Departing:
    """`write` and `send_file` are the thread's that makes the answer, `flush` the loop's once it is made: never both at once."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._waiting: deque[WaitingBytes | WaitingFile] = deque()
        self._handed = 0
        self.patience, self.least = 20.0, 0

    def moved(self) -> int:
        """Bytes that the client has taken: what the kernel holds for it may be megabytes, and is none of them."""
        with suppress(OSError):
            return self._handed - int(struct.unpack("i", fcntl.ioctl(self._raw, termios.TIOCOUTQ, b"\0" * 4))[0])
        return self._handed

    def write(self, data: bytes) -> None:
        self.flush()
        left = memoryview(data)
        while left and not self._waiting:
            try:
                sent = self._raw.send(left)
            except BlockingIOError:
                break
            self._handed += sent
            left = left[sent:]
        if left:
            self._hold(left)

    def send_file(self, file: IO[bytes], offset: int, count: int) -> None:
        self._waiting.append(WaitingFile(file, offset, count))
        self.flush()

    def flush(self) -> bool:
        """As much as the client takes now; whether that is all."""
        while self._waiting:
            first = self._waiting[0]
            try:
                self._handed += first.send(self._raw)
            except BlockingIOError:
                return False
            if not first.left:
                self._waiting.popleft().close()
        return True

    def forget(self) -> None:
        while self._waiting:
            self._waiting.popleft().close()

    def _hold(self, data: memoryview) -> None:
        if not self._waiting or isinstance(self._waiting[-1], WaitingFile):
            self._waiting.append(WaitingBytes())
        held = self._waiting[-1]
        assert isinstance(held, WaitingBytes)
        held.hold(data)
        if held.end > MOST_BYTES:
            self._wait()

    def _wait(self) -> None:
        """In the thread: until nothing is held. Raises BrokenPipeError for a client that takes too little."""
        pace = LowestRate(time.monotonic(), self.patience, self.least)
        ready = select.poll()
        ready.register(self._raw, select.POLLOUT)
        while not self.flush():
            ready.poll(1000)
            if not pace.holds(time.monotonic(), self.moved()):
                raise BrokenPipeError("the client takes too little")
