"""Pictures are decoded in children of ours: a few stand ready, and one that dies on a picture is replaced.

Here are the words for why a picture was refused. That a child died is one of the reasons, and harms nobody else.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from django.utils.translation import gettext_lazy as _

from catalogue.child_processes import Child, ChildEnded, Header
from projects.refusals import Refused

CHILD = "catalogue.pictures.decoding_child"
AT_ONCE = min(4, os.cpu_count() or 1)
WALL_SECONDS = 60.0  # 10 s of processor time on a machine that is busy with other things
PICTURES_A_CHILD = 1000
MOST_BYTES_OUT = 16 << 20


class PictureRefused(Refused):
    """The bytes are no picture that we take. The codes are the child's, which holds nothing of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code, why(code))


WHY = {
    "bytes": _("larger than 10 MiB"),
    "not_a_picture": _("not a JPEG, PNG or WebP picture"),
    "pixels": _("more than 25 million pixels"),
    "side": _("a side of more than 8,000 pixels"),
    "too_much": _("to decode it takes more time or memory than a picture may"),
    "damaged": _("the picture is damaged"),
}


def why(code: str) -> str:
    return str(WHY.get(code, WHY["damaged"]))


@dataclass(frozen=True)
class EncodedPicture:
    large: bytes
    thumb: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.large).hexdigest()


class Decoders:
    """The children of this process. The last used is used next, so that a lonely thread keeps but one alive."""

    def __init__(self) -> None:
        self._idle: list[tuple[Child, int]] = []
        # Without it two threads could both see the last idle child, and one find it gone.
        self._lock = Lock()
        # Without it every thread would have a child of its own, each of which may take half a gigabyte.
        self._places = BoundedSemaphore(AT_ONCE)

    def encode(self, data: bytes) -> EncodedPicture:
        """Raises PictureRefused."""
        try:
            with self._child() as child:
                deadline = time.monotonic() + WALL_SECONDS
                child.send({}, data, deadline)
                told, body = child.receive(deadline, MOST_BYTES_OUT)
                if (code := told.get("refused")) == "too_much":  # what it still holds would be missing next time
                    raise ChildEnded
        except ChildEnded:
            raise PictureRefused("too_much") from None
        if code is not None:
            raise PictureRefused(str(code))
        return _encoded(told, body)

    def end(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for child, _served in idle:
            child.end()

    @contextmanager
    def _child(self) -> Iterator[Child]:
        with self._places:
            with self._lock:
                child, served = self._idle.pop() if self._idle else (None, 0)
            if child is None:
                child = Child(CHILD)
            try:
                yield child
            except BaseException:
                child.end()
                raise
            if served + 1 >= PICTURES_A_CHILD:
                child.end()
                return
            with self._lock:
                self._idle.append((child, served + 1))


def _encoded(told: Header, body: bytes) -> EncodedPicture:
    """A child that a picture took over could answer anything: what is not two WebP pictures is not kept."""
    size, width, height = (told.get(name) for name in ("large", "width", "height"))
    if not all(isinstance(number, int) and number > 0 for number in (size, width, height)):
        raise PictureRefused("damaged")
    large, thumb = body[:size], body[size:]
    if not all(one[:4] == b"RIFF" and one[8:12] == b"WEBP" for one in (large, thumb)):
        raise PictureRefused("damaged")
    return EncodedPicture(large, thumb, int(width or 0), int(height or 0))


_decoders = Decoders()
atexit.register(_decoders.end)


def encode(data: bytes) -> EncodedPicture:
    """Our own two pictures of whatever the bytes are; raises PictureRefused."""
    return _decoders.encode(data)
