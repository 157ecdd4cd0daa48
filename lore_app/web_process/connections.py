"""A connection between the loop and a thread: its socket as the thread sees it, its request and its answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import IO, Any

from gunicorn.workers import gthread

from lore_app.web_process.arriving import Arriving
from lore_app.web_process.departing import Departing
from lore_app.web_process.lowest_rate import LowestRate

PIECE = 64 << 10


class ClientSocket:
    """The socket as the thread sees it: it reads what has come, writes without waiting, and sets nothing."""

    def __init__(self, raw: socket.socket) -> None:
        raw.settimeout(0)
        self.raw = raw
        self.arriving, self.departing = Arriving(), Departing(raw)

    def fileno(self) -> int:
        return self.raw.fileno()

    def recv(self, size: int) -> bytes:
        return self.arriving.read(size)

    def send(self, data: bytes) -> int:
        """gunicorn's own 100 Continue alone: that was said when the body was to come."""
        return len(data)

    def sendall(self, data: bytes) -> None:
        self.departing.write(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int = 0) -> None:
        self.departing.send_file(file, offset, count)

    def settimeout(self, seconds: float | None) -> None:
        """Never."""

    setblocking = settimeout

    def gettimeout(self) -> float:
        return 0.0

    def shutdown(self, how: int) -> None:
        self.raw.shutdown(how)

    def close(self) -> None:
        self.arriving.forget()
        self.departing.forget()
        self.raw.close()


class Connection(gthread.TConn):
    """`moved` tells the pace how far it has come; `kept` whether another request may follow."""

    sock: ClientSocket
    pace: LowestRate
    moved: Callable[[], int]
    parser: Any

    def __init__(self, cfg: Any, raw: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, ClientSocket(raw), client, server)
        self.data_ready = True  # so that no thread waits for the first of it
        self.kept = False
        self.drained = 0
        self.since = 0.0
        self.sender = ""  # whom the application lets send a large body

    def rate(self, now: float) -> float:
        return self.sock.arriving.received / max(now - self.since, 0.001)


def received(conn: Connection) -> bytes | None:
    """None: not now. Nothing: never again."""
    try:
        return conn.sock.raw.recv(PIECE)
    except BlockingIOError:
        return None
    except OSError:
        return b""
