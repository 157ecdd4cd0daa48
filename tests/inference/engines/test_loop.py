"""The loop of engine calls: one, however many threads begin at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest

from inference.engines import loop


def test_threads_that_begin_together_share_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(16)

    async def here() -> int:
        return id(asyncio.get_running_loop())

    def begin(_number: int) -> int:
        together.wait()
        return loop.run(here())

    for _ in range(20):
        monkeypatch.setattr(loop, "_the_loop", lru_cache(maxsize=1)(loop._the_loop.__wrapped__))
        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(begin, range(16)))) == 1
