"""Within a process: what may kill its worker runs with nothing of its kind beside it, everything else runs side by side.

Else an innocent job that happens to run beside a deadly one each time would be counted dead with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Isolation:
    """Many together, or one alone. Who waits to be alone closes the door, so that it is not kept waiting for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    def enter(self, *, alone: bool = False) -> bool:
        """Take a place, or, `alone`, the first moment without anybody else; False while another has asked for that."""
        with self._changed:
            if self._closed:
                return False
            self._closed = alone
            self._inside += 1
            return True

    @contextmanager
    def place(self, *, alone: bool = False) -> Iterator[None]:
        """Of one who has entered: waits to be alone where that was asked for, and leaves in the end."""
        with self._changed:
            self._changed.wait_for(lambda: not alone or self._inside == 1)
        try:
            yield
        finally:
            self.leave(alone=alone)

    def leave(self, *, alone: bool = False) -> None:
        with self._changed:
            self._inside -= 1
            self._closed = self._closed and not alone
            self._changed.notify_all()
