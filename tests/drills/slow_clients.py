"""Strangers who hold connections by being slow: heads that never end, bodies a byte at a time, answers hardly read.

with slow_clients(address, 60):
    ...
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

EVERY_SECONDS = 2.0  # a byte
KINDS = ("head", "body", "form", "reader")
BODY = "POST /login/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
# As a browser that has seen the page would: it is let in as far as anybody is, and takes what places it can.
FORM = BODY.replace("\r\n\r\n", f"\r\nCookie: csrftoken={'c' * 32}\r\n\r\ncsrfmiddlewaretoken={'c' * 32}&username=")
READ = "GET /static/django_htmx/htmax-4.js HTTP/1.1\r\nHost: {host}\r\n\r\n" * 30


@dataclass
class SlowClient:
    """One connection of a kind, made again whenever the server ends it."""

    host: tuple[str, int]
    kind: str
    talking: socket.socket | None = None
    connected: int = 0

    def begin(self) -> None:
        self.talking = socket.socket()
        if self.kind == "reader":
            self.talking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.talking.settimeout(2)
        name = "{}:{}".format(*self.host)
        said = {
            "head": f"GET /health/ HTTP/1.1\r\nHost: {name}\r\nX-Slow: ",
            "body": BODY,
            "form": FORM,
            "reader": READ,
        }[self.kind]
        with suppress(OSError):
            self.talking.connect(self.host)
            self.connected += 1
            self.talking.sendall(said.format(host=name).encode())
        self.talking.setblocking(False)

    def go_on(self) -> None:
        """A byte more, in or out."""
        if self.talking is None:
            return self.begin()
        try:
            if self.kind == "reader":
                ended = not self.talking.recv(1)
            else:
                self.talking.send(b"x")
                ended = _has_ended(self.talking)
        except BlockingIOError:
            return None
        except OSError:
            ended = True
        if ended:
            self.end()
        return None

    def end(self) -> None:
        if self.talking is not None:
            self.talking.close()
            self.talking = None


def _has_ended(talking: socket.socket) -> bool:
    with selectors.DefaultSelector() as ready:
        ready.register(talking, selectors.EVENT_READ)
        return bool(ready.select(0))


@dataclass
class SlowClients:
    clients: list[SlowClient]
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def connected(self) -> int:
        return sum(one.connected for one in self.clients)

    def keep_on(self) -> None:
        while not self.ended.is_set():
            began = time.monotonic()
            for one in self.clients:
                one.go_on()
            self.ended.wait(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))
        for one in self.clients:
            one.end()


@contextmanager
def slow_clients(address: str, count: int, kinds: tuple[str, ...] = KINDS) -> Iterator[SlowClients]:
    """All of them connected once; none where `count` is 0."""
    place = urlsplit(address)
    host = (place.hostname or "", place.port or 0)
    attack = SlowClients([SlowClient(host, kinds[number % len(kinds)]) for number in range(count)])
    for one in attack.clients:
        one.begin()
    thread = threading.Thread(target=attack.keep_on)
    thread.start()
    try:
        yield attack
    finally:
        attack.ended.set()
        thread.join()
