"""The dispatcher: rings for what has become due, so that no web request ever waits for a broker.

It looks four times as often as a worker would and so may the workers, of whom there are many, look but once a second. Any
number of dispatchers may run, and none: then it is the second.
"""

from __future__ import annotations

import logging
from threading import Event

from django.db import close_old_connections, connections

from jobs import bell, kinds
from jobs.looking import Lookout

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.25


class Dispatcher:
    def __init__(self) -> None:
        self._look = Lookout(kinds.every())
        self._due: set[str] = set()

    def sweep(self) -> set[str]:
        """Ring where something is due and nothing was before; returns the queues. Who is at work looks by himself."""
        due = {kind.code: kind.queue for kind in self._look()}
        queues = {queue for code, queue in due.items() if code not in self._due}
        self._due = set(due)
        bell.ring(queues)
        return queues

    def keep_sweeping(self, ended: Event) -> None:
        """Until told to end. Whatever goes wrong is logged and tried again: workers look by themselves."""
        while not ended.wait(LOOK_SECONDS):
            close_old_connections()
            try:
                self.sweep()
            except Exception:
                logger.exception("a sweep failed; the next one follows")
        connections.close_all()
