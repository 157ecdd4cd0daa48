"""The one boundary for foreign text: what PostgreSQL cannot store becomes U+FFFD and is counted; all else stays raw.

Bidirectional marks, zero-width signs and markup are kept: they are what the shop wrote. Templates escape them.
"""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def sanitise(text: str) -> tuple[str, int]:
    """The text without NUL and lone surrogates, and how many signs were replaced."""
    if _UNSTORABLE.search(text) is None:
        return text, 0
    return _UNSTORABLE.subn(REPLACEMENT, text)


def storable_value(value: object) -> object:
    """`storable` for what may be no text, so that a schema can say so."""
    return storable(value) if isinstance(value, str) else value


def storable(text: str) -> str:
    """`sanitise` for texts whose count nobody asks for: file names, reasons, raw rows."""
    return sanitise(text)[0]
