"""One event loop on a thread of its own, for engines that keep many calls in the air while their callers wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")


_first_come = threading.Lock()  # Without it the first two threads would each begin a loop: a cache alone lets both in.


def _loop() -> asyncio.AbstractEventLoop:
    with _first_come:
        return _the_loop()


@lru_cache(maxsize=1)
def _the_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="engine calls", daemon=True).start()
    return loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, from any thread that is not the loop's own."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
