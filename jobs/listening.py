"""Due rows that nobody rings for: a worker that hears no bell takes them itself, and notices when it has gone deaf.

So Redis may stay away for good, and work is only slower: a row is claimed as ever, whoever points to it. Where the broker
answers and bells still do not come, the consumer is broken, and the process should begin anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from threading import Event

from celery import current_app
from django.conf import settings
from django.db import close_old_connections, connections

from jobs import dispatching, heartbeats, kinds, leasing, tasks
from jobs.in_hand import watch
from jobs.kinds import Kind

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
BREATH_SECONDS = 0.05  # between two messages' worth, so that other workers who do the same get their turn
ROUND_SECONDS = 5.0  # of taking rows, until the broker is looked at again
QUICKLY = {"socket_timeout": 1, "socket_connect_timeout": 1}


class Listener:
    """A thread of a worker. `deaf` is set, with the reason, when the process should begin anew."""

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.deaf = ""
        self._suspect_since: float | None = None
        self._suspect_bells = 0

    def keep_listening(self, ended: Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            close_old_connections()
            try:
                self._listen(ended)
            except Exception:
                logger.exception("looking for due rows without a bell failed; the next look follows")
        connections.close_all()

    def _listen(self, ended: Event) -> None:
        if watch.bells != self._suspect_bells:
            self._suspect_since, self._suspect_bells = None, watch.bells
        patience = settings.BROKER_PATIENCE_SECONDS
        if watch.quiet(settings.WORKER_THREADS) < patience or not overdue(self.queues, patience):
            return
        self._suspect()
        logger.warning("rows are due and no bell rang for %d s: taking them without", patience)
        bells, until = watch.bells, time.monotonic() + ROUND_SECONDS
        while (found := heads(self.queues)) and watch.bells == bells and time.monotonic() < until:
            for kind, ids in found:
                if ended.wait(BREATH_SECONDS):
                    return
                tasks.work_on(kind, ids)

    def _suspect(self) -> None:
        """Rows were due and unrung: is it this process? Only if the broker answers and a dispatcher is up, all the time."""
        now = time.monotonic()
        if not broker_answers() or not heartbeats.presence().dispatchers:
            self._suspect_since = None
        elif self._suspect_since is None:
            self._suspect_since = now
        elif now - self._suspect_since >= settings.DEAF_SECONDS - settings.BROKER_PATIENCE_SECONDS:
            self.deaf = f"deaf: heard no bell for {settings.DEAF_SECONDS} s while rows were due"


def overdue(queues: Sequence[str], seconds: float) -> bool:
    past = leasing.Once() - timedelta(seconds=seconds)
    return any(rows.filter(due_at__lt=past).exists() for kind in kinds.of(queues) for rows in kind.in_lines())


def heads(queues: Sequence[str]) -> list[tuple[Kind, list[int]]]:
    """A message's worth of each line, as it would be rung for."""
    found = []
    for kind in kinds.of(queues):
        for rows in kind.in_lines():
            messages = dispatching.messages(leasing.head(rows, kind.together), kind.together)
            found += [(kind, ids) for ids in islice(messages, 1)]
    return found


def broker_answers() -> bool:
    try:
        with current_app.connection_for_read(transport_options=QUICKLY) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        return True
    except dispatching.broker_errors():
        return False
