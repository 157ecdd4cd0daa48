"""Which reader of words there is here: rapidocr where it is installed, in a child process of its own.

Whoever knows another registers it; the setting names the one that reads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from importlib import metadata, util
from typing import NamedTuple

from django.conf import settings

from catalogue.child_processes import Child, ChildEnded
from catalogue.pictures.printed_words import NotRead, PictureReader, ReadPicture, lines_from

CHILD = "catalogue.pictures.ocr_child"
WALL_SECONDS = 120.0  # 40 s of processor time on a machine that is busy with other things
MOST_BYTES = 1 << 20
CODE_VERSION = "2"  # raised whenever the same picture would be read otherwise
NONE = "none"
RAPIDOCR = "rapidocr"


class Known(NamedTuple):
    """`version`: '' where it is not installed."""

    version: Callable[[], str]
    opened: Callable[[], PictureReader]


class RapidOcr:
    """One child reads picture after picture; one that dies on a picture is replaced for the next."""

    def __init__(self) -> None:
        self.name = f"{RAPIDOCR} {rapidocr_version()}"
        self._child: Child | None = None

    def read(self, picture: bytes) -> ReadPicture:
        try:
            deadline = time.monotonic() + WALL_SECONDS
            child = self._child = self._child or Child(CHILD)
            child.send({}, picture, deadline)
            told, body = child.receive(deadline, MOST_BYTES)
            if told.get("failed"):
                raise ChildEnded
            return ReadPicture(lines_from(json.loads(body)))
        except (ChildEnded, ValueError):
            self.close()
            raise NotRead("words_too_much") from None

    def close(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child = None


@cache
def rapidocr_version() -> str:
    if util.find_spec("rapidocr") is None or util.find_spec("onnxruntime") is None:
        return ""
    return f"{metadata.version('rapidocr')}/{CODE_VERSION}"


_known: dict[str, Known] = {RAPIDOCR: Known(rapidocr_version, RapidOcr)}


def register(code: str, known: Known) -> None:
    """For tests and upper apps: in their `ready()`."""
    _known[code] = known


def name() -> str:
    """The reader that reads here, with its version; '' where none is wanted or the one that is wanted is missing."""
    known = _known.get(settings.PICTURE_READER)
    version = known.version() if known else ""
    return f"{settings.PICTURE_READER} {version}" if version else ""


def is_wanted() -> bool:
    return settings.PICTURE_READER != NONE


def opened() -> PictureReader:
    return _known[settings.PICTURE_READER].opened()
