"""The dispatcher: finds rows that are due and rings Celery for them, so that no web request ever waits for a broker.

The row is its own outbox. A lost bell is rung again, a doubled one finds nothing to claim, and while a queue holds
enough messages nobody rings; a frozen, emptied or absent Redis only delays. Any number of dispatchers may run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event

from celery import current_app
from django.db import close_old_connections, connections, transaction
from django.db.models import Q
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from database.clock import ClockTimestamp
from jobs import kinds, leasing, tasks
from jobs.kinds import Kind
from jobs.leasing import Due

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
RING_AGAIN = timedelta(seconds=15)
MOST_WAITING = 64  # messages in a queue; more would only age there


def sweep() -> int:
    """Ring for what is due; returns how many rows were rung for."""
    return sum(_ring(kind) for kind in kinds.every())


def keep_sweeping(ended: Event) -> None:
    """Until told to end. Whatever goes wrong is logged and tried again: the rows wait."""
    rung = 0
    while not ended.wait(SWEEP_SECONDS / 4 if rung else SWEEP_SECONDS):
        close_old_connections()
        try:
            rung = sweep()
        except Exception:
            rung = 0
            logger.exception("a sweep failed; the next one follows")
    connections.close_all()


def _ring(kind: Kind) -> int:
    """Rows are marked first and rung for after the commit: nobody waits for a lock while the broker dawdles."""
    if not leasing.due(kind.model).filter(kind.only).exists():
        return 0
    try:
        with current_app.connection_for_write() as connection:
            if _waiting(connection, kind.queue) >= MOST_WAITING:
                return 0
            return _publish(connection, kind)
    except broker_errors() as error:
        logger.warning("the broker does not answer, rows of %s wait: %s", kind.model._meta.model_name, error)
        return 0


def broker_errors() -> tuple[type[Exception], ...]:
    connection = current_app.connection_for_write()
    return (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)


def _waiting(connection: Connection, name: str) -> int:
    """Messages that lie in a queue; one that nobody has used yet is empty."""
    channel = connection.channel()  # type: ignore[no-untyped-call]
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except connection.channel_errors:
        return 0


def _publish(connection: Connection, kind: Kind) -> int:
    rung = 0
    with current_app.amqp.Producer(connection) as producer:
        for line in _marked(kind):
            for ids in messages(line, kind.together):
                try:
                    arguments = [kind.code, ids]
                    current_app.send_task(tasks.RUN, arguments, producer=producer, queue=kind.queue, retry=False)
                except Exception:
                    kind.model._default_manager.filter(pk__in=ids).update(rung_at=None)
                    raise
                rung += len(ids)
    return rung


def _marked(kind: Kind) -> Iterator[list[Due]]:
    """The head of each line, not rung for lately, now marked as rung for."""
    lines = kind.in_lines()
    share = max(kind.together, MOST_WAITING * kind.together // max(1, len(lines)))
    for line in lines:
        with transaction.atomic():
            unrung = Q(rung_at=None) | Q(rung_at__lt=leasing.Once() - RING_AGAIN)
            rows = line.filter(unrung).select_for_update(skip_locked=True, of=("self",))
            marked = leasing.head(rows, share)
            kind.model._default_manager.filter(pk__in=[row.pk for row in marked]).update(rung_at=ClockTimestamp())
        yield marked


def messages(rows: Sequence[Due], together: int) -> Iterator[list[int]]:
    yield from ([row.pk] for row in rows if row.alone)
    crowd = [row.pk for row in rows if not row.alone]
    yield from (crowd[start : start + together] for start in range(0, len(crowd), together))
