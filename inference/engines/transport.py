"""HTTP to a model server that may be broken or hostile: how much it may send, and what it may not do.

A time-out of an HTTP library runs anew with every byte; the deadline over the whole call is the caller's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

MOST_BYTES = 256 * 1024  # of one answer; a chain has a few thousand
CONNECT_SECONDS = 5.0


class AnswerTooLarge(httpx2.TransportError):
    """More bytes than an answer may have."""


class AnswerCutOff(httpx2.TransportError):
    """The connection ended before the answer did."""


class CompressedAnswer(httpx2.TransportError):
    """A compressed answer, which nobody asked for: it may unfold to anything."""


class CappedTransport(httpx2.AsyncBaseTransport):
    """Counts what comes in and hangs up when it is too much. Nothing is unpacked, no redirect is followed."""

    def __init__(self, connections: int, most_bytes: int = MOST_BYTES) -> None:
        # No connection is kept: servers drop them after an error, and the next call would pay for it.
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=0)
        self._inner = httpx2.AsyncHTTPTransport(limits=limits, retries=0)
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise CompressedAnswer("the answer is compressed")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _CappedStream(response.stream, self._most_bytes)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _CappedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._left = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._left -= len(chunk)
                if self._left < 0:
                    raise AnswerTooLarge("the answer is too large")
                yield chunk
        except (httpx2.RemoteProtocolError, httpx2.ReadError) as error:
            raise AnswerCutOff(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()
