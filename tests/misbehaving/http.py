"""HTTP/1.1 as raw bytes over asyncio's streams: what is needed to read a request, to answer it, and to answer it wrongly."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

MOST_HEAD = 64 * 1024
MOST_BODY = 32 * 1024 * 1024  # a request with pictures in it
SEND_BUFFER = 32 * 1024  # small, so that what was sent is about what the client took

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names; the last of equal names counts."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One client. `sent` counts the bytes of the current answer that the kernel took."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._written = 0
        self.open = True
        self._socket: socket.socket = writer.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        writer.transport.set_write_buffer_limits(high=0)

    async def request(self) -> Request | None:
        """The next request; None where the client has gone. Raises ValueError for what is no HTTP."""
        self._written = 0
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, path, _version = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.open = headers.get("connection", "").lower() != "close"
        return Request(method, path, headers, await self._body(headers))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await self._reader.readexactly(_bounded(int(headers.get("content-length", "0"))))
        parts: list[bytes] = []
        total = 0
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            total = _bounded(total + size)
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return b"".join(parts)

    async def send(self, data: bytes) -> None:
        """Raises ConnectionError where the client has gone. Waits until the kernel has taken everything."""
        self._writer.write(data)
        self._written += len(data)
        await self._writer.drain()

    @property
    def sent(self) -> int:
        return self._written - self._writer.transport.get_write_buffer_size()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        await self.send(head(status, headers))

    async def respond(self, status: int, body: bytes = b"", headers: Mapping[str, str] = JSON) -> None:
        """A whole and honest answer."""
        await self.send(head(status, {**headers, "Content-Length": str(len(body))}) + body)

    async def chunked(self, parts: Iterable[bytes], *, pause: float, headers: Mapping[str, str] = JSON) -> None:
        """A body of unknown length; `pause` seconds after each part let the client's hanging up be seen."""
        await self.head(200, {**headers, "Transfer-Encoding": "chunked"})
        for part in parts:
            await self.send(b"%x\r\n%s\r\n" % (len(part), part))
            await asyncio.sleep(pause)
        await self.send(b"0\r\n\r\n")

    async def gone(self) -> None:
        """Wait until the client hangs up."""
        self.open = False
        while await self._reader.read(MOST_HEAD):
            pass

    def close(self) -> None:
        """A clean end, after what was written."""
        self.open = False
        self._writer.close()

    def reset(self) -> None:
        """An end by RST, as of a machine that died."""
        self.open = False
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def drop(self) -> None:
        """Whatever is still to be sent is not."""
        self.open = False
        self._writer.transport.abort()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _bounded(size: int) -> int:
    if not 0 <= size <= MOST_BODY:
        raise ValueError(f"a body of {size} bytes")
    return size
