"""The product as it was: whoever has seen a form may send a large body, and all share its places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lore_app.web_process import worker
from lore_app.wsgi import application as guarded
from projects import boundary, uploading


def let_in(_headers: object) -> bool:
    return True


vars(boundary)["is_small"] = vars(uploading)["is_small"] = let_in
worker.MOST_OF_ONE, worker.SETTLED_SECONDS = 1000, 20.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    uploading.sender.set("anybody")
    return guarded(environ, start_response)
