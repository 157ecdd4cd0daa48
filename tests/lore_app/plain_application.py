"""What gunicorn serves where the web process itself is tested: it tells what it was sent, or sends much."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")
LARGE = 16 << 20

from projects import uploading  # noqa: E402 - reads the settings


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    uploading.sender.set("" if path == "/strangers" else environ.get("HTTP_X_SENDER", environ["REMOTE_PORT"]))
    if path == "/refused":
        start_response("403 Forbidden", [("Content-Length", "7")])
        return [b"refused"]
    if path == "/much":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return (bytes(1 << 20) for _ in range(LARGE >> 20))
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    said = f"{len(body)} {hashlib.sha256(body).hexdigest()} {environ['SCRIPT_NAME']}".encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]
