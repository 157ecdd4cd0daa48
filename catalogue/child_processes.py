"""Child processes that touch foreign bytes: started without credentials, spoken to by pipe, never trusted.

A frame is a short JSON header and a body. Both sides of the pipe stand here; nothing in this module knows Django, so
that a child loads none of it. What a child says is foreign too: sizes are checked before anything is kept.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")  # of our environment; no secret, no proxy
START_SECONDS = 20.0
_HEAD = struct.Struct("!II")
_MOST_HEADER = 64 << 10
_PIPE_BYTES = 1 << 20

Header = dict[str, Any]


class ChildEnded(Exception):
    """The child died, fell silent or spoke nonsense. It has been killed."""


class Child:
    """One running child: `send` and `receive` until `end`."""

    def __init__(self, module: str, *arguments: str, files: Sequence[int] = ()) -> None:
        """`files`: open ones that it inherits. Raises RuntimeError when it does not start: that is our fault, not that
        of what it was to look at."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={name: os.environ[name] for name in KEPT if name in os.environ},
            bufsize=0,
            pass_fds=files,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        _widen(self._from)
        try:
            self.receive(time.monotonic() + START_SECONDS)
        except ChildEnded as error:
            raise RuntimeError(f"{module} does not start") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, header: Mapping[str, Any], body: bytes, deadline: float) -> None:
        told = json.dumps(header).encode()
        for part in (_HEAD.pack(len(told), len(body)) + told, body):
            left = memoryview(part)
            while left:
                self._wait(self._to, select.POLLOUT, deadline)
                try:
                    left = left[os.write(self._to, left) :]
                except OSError as error:
                    raise self._ended() from error

    def receive(self, deadline: float, most: int = 0) -> tuple[Header, bytes]:
        """The next frame, with a body of `most` bytes at most."""
        told, size = _HEAD.unpack(self._read(_HEAD.size, deadline))
        if told > _MOST_HEADER or size > most:
            raise self._ended()
        try:
            header = json.loads(self._read(told, deadline))
        except ValueError as error:
            raise self._ended() from error
        if not isinstance(header, dict):
            raise self._ended()
        return header, self._read(size, deadline)

    def end(self) -> None:
        """At once: a child holds nothing that would be lost."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _read(self, size: int, deadline: float) -> bytes:
        read = bytearray()
        while len(read) < size:
            self._wait(self._from, select.POLLIN, deadline)
            piece = os.read(self._from, min(size - len(read), 1 << 20))
            if not piece:
                raise self._ended()
            read += piece
        return bytes(read)

    def _wait(self, pipe: int, event: int, deadline: float) -> None:
        ready = select.poll()
        ready.register(pipe, event)
        if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise self._ended()

    def _ended(self) -> ChildEnded:
        self.end()
        return ChildEnded(f"ended with {self._process.returncode}")


def _widen(pipe: int) -> None:
    """Without it, a frame of a mebibyte takes sixteen turns of both processes, each of them waiting for the processor."""
    with suppress(OSError, AttributeError):  # other systems have no such call, and a person may hold many pipes
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def settle_in(memory: int, files: int) -> None:
    """In the child: no more than this much memory and so many open files, no file written, no core left behind.

    It ends when its pipe does, so signals to the group of the process that started it are left to that process.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_NOFILE: files,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _limit(kind, limit, limit)


def allow_seconds(seconds: int) -> None:
    """In the child: processor time from now on; the kernel ends it there."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + 1 + seconds, resource.RLIM_INFINITY)


def _limit(kind: int, soft: int, hard: int) -> None:
    try:
        resource.setrlimit(kind, (soft, hard))
    except (ValueError, OSError):
        if sys.platform == "linux":  # other systems know some of the limits only by name
            raise


def read_frame(pipe: BinaryIO) -> tuple[Header, bytes] | None:
    """In the child: what is asked next; None when whoever asked is gone."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    told, size = _HEAD.unpack(head)
    header: Header = json.loads(pipe.read(told))
    return header, pipe.read(size)


def write_frame(pipe: BinaryIO, header: Mapping[str, Any], body: bytes = b"") -> None:
    told = json.dumps(header).encode()
    pipe.write(_HEAD.pack(len(told), len(body)) + told)
    pipe.write(body)
    pipe.flush()


class OpenFile(io.RawIOBase):
    """In the child: a file that it inherited, read at places of our own: whoever opened it keeps the place where they are.
    Counts what was read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: os.fstat(self._descriptor).st_size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        size = os.preadv(self._descriptor, [buffer], self._at)
        self._at += size
        self.count += size
        return size
