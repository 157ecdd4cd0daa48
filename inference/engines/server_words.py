"""What a server says, as an error or a page may hold it: hostile, so cleaned of what nobody sees, bounded, and without the key,
which some servers repeat."""

from __future__ import annotations

import json
from typing import Any

from relevance.invisible_characters import without_unseen
from relevance.sanitising import storable

MOST_SAID = 200  # characters


def own_words(body: bytes, secret: str = "") -> str:
    """What a server says of its own failure, on one line; nothing where it sent a page or nothing."""
    if is_page(body):
        return ""
    try:
        said = _message(json.loads(body))
    except (ValueError, RecursionError):
        said = body.decode("utf-8", "replace")
    return shown(said.replace(secret, "[key]") if secret else said, secret)


def shown(said: str, secret: str = "", most: int = MOST_SAID) -> str:
    """Foreign words as an error may hold them. The key goes once more where unseen signs had parted it."""
    clean = " ".join(without_unseen(storable(said[: most * 20])).split())
    clean = clean.replace(secret, "[key]") if secret else clean
    return clean if len(clean) <= most else f"{clean[:most]}…"


def is_page(body: bytes) -> bool:
    """HTML, which servers send where no program was expected."""
    return body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _message(answer: Any) -> str:
    """`error` may be a text or hold a `message`; FastAPI says `detail`."""
    if isinstance(answer, dict):
        inner = next((answer[name] for name in ("error", "message", "detail") if answer.get(name)), None)
        return _message(inner) if inner is not None else ""
    if isinstance(answer, list):
        return "; ".join(str(one.get("msg", "")) if isinstance(one, dict) else str(one) for one in answer[:3])
    return answer if isinstance(answer, str) else ""
