"""Requests whose body ends before its Content-Length: an error, not a short file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class WholeBody:
    """The request's body; reading behind its early end raises OSError, which Django calls an unreadable post."""

    def __init__(self, body: Any, length: int) -> None:
        self._body, self._left = body, length

    def read(self, size: int = -1) -> bytes:
        return self._counted(self._body.read(self._left if size < 0 else size), size)

    def readline(self, size: int = -1) -> bytes:
        return self._counted(self._body.readline(self._left if size < 0 else size), size)

    def _counted(self, data: bytes, size: int) -> bytes:
        self._left -= len(data)
        if not data and size and self._left > 0:
            raise OSError("the body ends before its Content-Length")
        return data


def whole_bodies(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and "wsgi.input" in environ:
            environ["wsgi.input"] = WholeBody(environ["wsgi.input"], int(length))
        return application(environ, start_response)

    return serve
