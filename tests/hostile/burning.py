"""Texts that burn time in helpers that are not made for them: a piece, over and over."""

from __future__ import annotations

PATHOLOGICAL = {
    "one word": "a",
    "angle brackets": "<",
    "ampersands": "&amp;",
    "open brackets": "(",
    "orders half given": "ignore the ",
    "labels half given": "label " + "x" * 39 + " ",
    "numbers": "1x2 ",
    "units": "12.5cm x ",
    "combining marks": "a\u0301\u0302\u0303",
    "zero width": "\u200b\u200d",
    "right to left": "\u202e\u2066",
    "pretenders": "аb ",
    "Chinese": "红色",
    "quotes": "\"'",
    "addresses": "http://a.b/(",
    "lines": "\r\n",
    "flags": "\U0001f3f4\U000e0067",
    "family": "\U0001f468\u200d",
}  # fmt: skip


def filled(piece: str, size: int) -> str:
    """The piece over and over, as many bytes as asked."""
    return piece * (size // len(piece.encode()))
