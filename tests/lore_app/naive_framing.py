"""How a request's end was found before: one pattern over the head, and what it does not know is no body.

As an application of gunicorn, the web process is put back to it: NAIVE=framing, or NAIVE=framing,wall without the second
comparison, too.
"""

from __future__ import annotations

import os
import re

from lore_app.web_process import framing, worker
from tests.lore_app.plain_application import application

__all__ = ["application"]
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r\n]*)", re.IGNORECASE)


def body_of(head: bytes) -> framing.Body:
    told = _FRAMING.findall(head)
    if len(told) != 1 or told[0][0].lower() == b"transfer-encoding":
        return framing.Body(0)
    value = told[0][1]
    return framing.Body(int(value) if value.isdigit() and len(value) < 16 else 0)


if "framing" in os.environ.get("NAIVE", ""):
    framing.body_of = body_of
if "wall" in os.environ.get("NAIVE", ""):
    worker._compare = lambda _request, _conn: None
