"""When an endpoint is not asked: after many failures in a row, and while it asked to be left alone.

One breaker guards one endpoint in one process. Waiting for it costs no attempt (`EngineWaiting`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from inference.engines.errors import EngineWaiting

FAILURES = 10  # in a row
PROBE_SECONDS = 10.0  # between two probes of an endpoint that failed
LONGEST_PAUSE = 300.0  # whatever a server asks for


class Breaker:
    """Closed, open, or letting one probe through. Safe to share between threads. `failures` 0 never opens."""

    def __init__(
        self,
        failures: int = FAILURES,
        probe_seconds: float = PROBE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures = failures
        self.probe_seconds = probe_seconds
        self._clock = clock
        # Without it two threads would both be let through as the one probe.
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_until = 0.0

    def enter(self) -> None:
        """Before each call. Raises EngineWaiting with the seconds to wait; lets one probe through when they are over."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                raise EngineWaiting(
                    "waiting", "the model server is left alone for a while", retry_after=self._closed_until - now
                )
            if self._is_open:
                self._closed_until = now + self.probe_seconds

    def succeeded(self) -> None:
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            if self._is_open:
                self._closed_until = max(self._closed_until, self._clock() + self.probe_seconds)

    def pause(self, seconds: float) -> None:
        """The server said when to come back."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + min(seconds, LONGEST_PAUSE))

    @property
    def _is_open(self) -> bool:
        return 0 < self.failures <= self._failed
