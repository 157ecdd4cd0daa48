"""The process that fetches pictures: it knows no database, no storage, no secret, and no address that is not public.

It is asked once, answers and ends. A name is looked up once; every answer must be public, and one of these very
addresses is connected to, with the name for certificate and Host. No redirect, no cookie, no proxy, nothing compressed.
"""

from __future__ import annotations

import http.client
import io
import os
import queue
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from catalogue.child_processes import read_frame, settle_in, write_frame
from catalogue.pictures.addresses import Address, AddressRefused, is_public, read

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MOST_BYTES = 8 << 20
_MOST_AROUND = 256 << 10  # headers and the marks of chunks
_PIECE = 64 << 10
_LONGEST_WAIT = 300
MEMORY = 1 << 30


class NotFetched(Exception):
    """`code` says why, in words of catalogue.pictures.fetching; `retry`: another try may fare better, not before `wait` seconds."""

    def __init__(self, code: str, *, retry: bool = False, wait: int = 0) -> None:
        super().__init__(code)
        self.code, self.retry, self.wait = code, retry, wait


def look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(number: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((number, port), seconds)


def certificates() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True)
class Network:
    """The way out: how names are looked up, numbers connected to and certificates checked."""

    look_up: Callable[[str, int], list[str]] = look_up
    connect: Callable[[str, int, float], socket.socket] = connect
    tls: ssl.SSLContext = field(default_factory=certificates)


def main(network: Network | None = None) -> None:
    settle_in(MEMORY, files=128)
    threading.stack_size(1 << 20)
    write_frame(sys.stdout.buffer, {"ready": True})
    if asked := read_frame(sys.stdin.buffer):
        answer_all(asked[0]["asks"], network or Network())
    os._exit(0)  # whoever is still looking a name up is not waited for


def answer_all(asks: Sequence[Mapping[str, Any]], network: Network) -> None:
    """All at once; an answer for each, as they come, and for the late ones that they are late."""
    until = time.monotonic() + TOTAL_SECONDS
    answers: queue.SimpleQueue[tuple[int, dict[str, Any], bytes]] = queue.SimpleQueue()
    for ask in asks:
        threading.Thread(target=lambda one=ask: answers.put(_answer(one, network, until)), daemon=True).start()
    waiting = {int(ask["id"]) for ask in asks}
    while waiting:
        try:
            number, told, body = answers.get(timeout=max(0.0, until + 0.5 - time.monotonic()))
        except queue.Empty:
            break
        waiting.discard(number)
        write_frame(sys.stdout.buffer, {"id": number, **told}, body)
    for number in waiting:
        write_frame(sys.stdout.buffer, {"id": number, **_told(NotFetched("deadline", retry=True))})


def _answer(ask: Mapping[str, Any], network: Network, until: float) -> tuple[int, dict[str, Any], bytes]:
    try:
        return int(ask["id"]), {}, fetch(str(ask["address"]), plain=bool(ask["plain"]), network=network, until=until)
    except NotFetched as error:
        return int(ask["id"]), _told(error), b""
    except Exception:  # a fault of ours or one that nobody thought of: this picture's alone
        return int(ask["id"]), _told(NotFetched("unforeseen", retry=True)), b""


def _told(error: NotFetched) -> dict[str, Any]:
    return {"code": error.code, "retry": error.retry, "wait": error.wait}


def fetch(text: str, *, plain: bool, network: Network, until: float) -> bytes:
    """The body behind an address, `plain` where its source may be asked without TLS. Raises NotFetched."""
    try:
        address = read(text)
    except AddressRefused as refusal:
        raise NotFetched(str(refusal)) from None
    if address.plain and not plain:
        raise NotFetched("plain_http")
    try:
        with _connected(address, network, until) as connection:
            return _asked(address, connection, until)
    except ssl.SSLCertVerificationError:
        raise NotFetched("certificate") from None
    except TimeoutError:
        raise NotFetched("deadline", retry=True) from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotFetched("connection", retry=True) from None


def _connected(address: Address, network: Network, until: float) -> socket.socket:
    numbers = _looked_up(address, network)
    opened = _opened(numbers, address.port, network, min(until, time.monotonic() + CONNECT_SECONDS))
    if address.plain:
        return opened
    try:
        opened.settimeout(_left(until))
        return network.tls.wrap_socket(opened, server_hostname=address.host)
    except BaseException:
        opened.close()
        raise


def _looked_up(address: Address, network: Network) -> list[str]:
    """Asked once. One answer that leads inwards spoils all: whoever sends it means no good."""
    try:
        numbers = list(dict.fromkeys(network.look_up(address.host, address.port)))
    except (OSError, UnicodeError):
        raise NotFetched("name", retry=True) from None
    if not numbers:
        raise NotFetched("name", retry=True)
    if not all(map(is_public, numbers)):
        raise NotFetched("not_public")
    return numbers


def _opened(numbers: Sequence[str], port: int, network: Network, until: float) -> socket.socket:
    failed: OSError = TimeoutError()
    for number in numbers:
        try:
            return network.connect(number, port, _left(until))
        except OSError as error:
            failed = error
    raise failed


def _asked(address: Address, connection: socket.socket, until: float) -> bytes:
    connection.settimeout(_left(until))
    connection.sendall(
        f"GET {address.target} HTTP/1.1\r\nHost: {address.host}\r\nUser-Agent: LORE-Copilot\r\n"
        "Accept: image/webp, image/jpeg, image/png\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n".encode(
            "ascii"
        )
    )
    # The parser of the standard library over a wire of ours, so that slowness and size are bounded from the first byte.
    answer = http.client.HTTPResponse(cast("socket.socket", _Wire(connection, until)), method="GET")
    answer.begin()
    _check(answer)
    body = bytearray()
    while piece := answer.read(_PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise NotFetched("large")
    if (length := answer.headers.get("Content-Length")) and not answer.chunked and int(length) != len(body):
        raise NotFetched("connection", retry=True)
    return bytes(body)


def _check(answer: http.client.HTTPResponse) -> None:
    status = answer.status
    if 300 <= status < 400:
        raise NotFetched("redirect")
    if status in (408, 425, 429) or status >= 500:
        after = answer.headers.get("Retry-After", "")
        wait = min(int(after), _LONGEST_WAIT) if after.isascii() and after.isdigit() and len(after) < 9 else 0
        raise NotFetched("busy", retry=True, wait=wait)
    if status != 200:
        raise NotFetched("forbidden" if status in (401, 402, 403, 407, 451) else "gone")
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise NotFetched("compressed")
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > MOST_BYTES):
        raise NotFetched("large")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Wire(io.RawIOBase):
    """A connection that may be read until one moment and up to one size, however slowly it drips."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        super().__init__()
        self._connection, self._until, self._left = connection, until, MOST_BYTES + _MOST_AROUND

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _PIECE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._until))
        read_now = self._connection.recv_into(buffer)
        self._left -= read_now
        if self._left < 0:
            raise NotFetched("large")
        return read_now


if __name__ == "__main__":
    main()
