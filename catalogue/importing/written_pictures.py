"""Pictures that stand in the row itself: bytes of Parquet, which its reader writes as base64, `data:` addresses, base64 in JSON.

No picture is decoded here: its bytes go the way of every foreign picture (`catalogue.pictures`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from catalogue.importing.reading.limits import OMITTED, WRITTEN
from catalogue.importing.reasons import RowReason, because

LARGEST = 4 << 20  # characters: a line holds no more
_NAMES = ("url", "src", "address", "link", "href", "file", "name")
_AS_BASE64 = ("iVBORw0KGgo", "/9j/", "UklGR")  # how PNG, JPEG and WebP begin
_NOTHING = (None, "")


class NoBytes(ValueError):
    """What is written is no picture that can be read; `why` says in which way."""

    def __init__(self, why: RowReason) -> None:
        super().__init__(why)
        self.why = why


def name_of(one: Mapping[str, Any]) -> Any:
    """What an object says of a picture: its bytes, its address or its name; of another form what it holds, so that its row is
    told of."""
    written = one.get("bytes")
    if isinstance(written, str) and written.startswith(("data:", *_AS_BASE64)):
        return written if written.startswith("data:") else f"{WRITTEN}{written}"
    if written in _NOTHING and one.get("path") not in _NOTHING:
        return one["path"]
    return next((one[name] for name in _NAMES if one.get(name) not in _NOTHING), f"{{{', '.join(map(str, one))[:80]}}}")


def is_written(name: str) -> bool:
    return name.startswith("data:")


def bytes_of(name: str) -> bytes:
    """Raises NoBytes."""
    head, _sign, text = name.partition(",")
    if head.startswith(OMITTED):
        raise NoBytes(because("larger than a row may hold; bring it beside the file or by its address"))
    if not head.endswith(";base64"):
        raise NoBytes(because("in a form that is not read"))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise NoBytes(because("its base64 is damaged")) from None
