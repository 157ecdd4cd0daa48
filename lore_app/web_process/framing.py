"""Where the body of a request ends, by its head alone: in one way that everybody reads alike, or not at all.

gunicorn reads the same head a second time. Where it finds another end, what one client sent is the request of another, so
whatever could be read twice is refused here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")
_LONE_FEED = re.compile(rb"(?<!\r)\n")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_DIGITS = re.compile(rb"[0-9]{1,100}")
_LONGEST = 10**15


class Unclear(ValueError):
    """More than one reading, or none."""


class Unsized(ValueError):
    """A body in chunks does not say its length."""


class Body(NamedTuple):
    length: int
    expects_continue: bool = False  # the client waits to be told that it may come


def has_lone_feed(begun: bytes | bytearray, since: int) -> bool:
    """Lines that end otherwise would have a head without end. `since`: what stands before was looked at."""
    return _LONE_FEED.search(begun, since) is not None


def body_of(head: bytes) -> Body:
    """`head`: with the empty line that ends it."""
    if _STRAY.search(head):
        raise Unclear
    fields = [_field(line) for line in head.removeprefix(b"\r\n").split(b"\r\n")[1:] if line]
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
    if codings == [b"chunked"] and not lengths:
        raise Unsized
    if codings or len(lengths) > 1:
        raise Unclear
    if not lengths:
        return Body(0)
    return Body(_length(lengths[0]), (b"expect", b"100-continue") in [(name, value.lower()) for name, value in fields])


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
        raise Unclear
    return name.lower(), value.strip(b" \t")


def _length(value: bytes) -> int:
    if not _DIGITS.fullmatch(value) or int(value) > _LONGEST:
        raise Unclear
    return int(value)
