"""The dispatcher: finds rows that are due and rings Celery for them, so that no web request ever waits for a broker.

The row is its own outbox. A lost bell is rung again, a doubled one finds nothing to claim, and while a queue holds
enough messages nobody rings; a frozen, emptied or absent Redis only delays. Any number of dispatchers may run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from celery import current_app
from django.db import close_old_connections, connections, transaction
from django.db.models import Exists, OuterRef, Q
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from annotation import fetching, jobs, queue, sources, tasks
from annotation.jobs import Due
from annotation.models import (
    BackTest,
    Export,
    Import,
    Job,
    ModelJob,
    PictureFetch,
    PrelabelJob,
    PrelabelRun,
    Trial,
)
from annotation.prelabelling import TOGETHER
from projects.clock import ClockTimestamp

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
TRIALS_TOGETHER = 4
RING_AGAIN = timedelta(seconds=15)
MOST_WAITING = 64  # messages in a queue; more would only age there
PRELABEL_QUEUE = "prelabel"
DEFAULT_QUEUE = "default"
PICTURE_QUEUE = "pictures"  # of its own: a slow server of pictures holds up no import
QUEUES = (DEFAULT_QUEUE, PRELABEL_QUEUE, PICTURE_QUEUE)


@dataclass(frozen=True)
class Door:
    """Rows of a kind, the task that works on them, and the lines they stand in: each line gets its share."""

    model: type[Job]
    task: str
    queue: str
    together: int
    lines: Callable[[], Sequence[Q]]


def _runs() -> Sequence[Q]:
    live = PrelabelJob.objects.filter(run=OuterRef("pk"), state__in=jobs.LIVE)
    runs = PrelabelRun.objects.filter(Exists(live), cancelled_at=None).order_by("pk")
    return [Q(run_id=pk) for pk in runs.values_list("pk", flat=True)]


DOORS = (
    Door(Import, "annotation.run_import", DEFAULT_QUEUE, 1, lambda: [tasks.CONFIRMED]),
    Door(Export, "annotation.run_export", DEFAULT_QUEUE, 1, lambda: [Q()]),
    Door(BackTest, "annotation.run_back_test", DEFAULT_QUEUE, 1, lambda: [Q(kind=BackTest.Kind.EXACT)]),
    Door(BackTest, "annotation.run_back_test", PRELABEL_QUEUE, 1, lambda: [Q(kind=BackTest.Kind.MODEL)]),
    Door(ModelJob, "annotation.run_model_job", PRELABEL_QUEUE, 1, lambda: [Q()]),
    Door(PrelabelJob, "annotation.prelabel_jobs", PRELABEL_QUEUE, TOGETHER, _runs),
    Door(Trial, "annotation.run_trials", PRELABEL_QUEUE, TRIALS_TOGETHER, lambda: [Q()]),
    Door(PictureFetch, "annotation.fetch_pictures", PICTURE_QUEUE, fetching.TOGETHER, sources.lines),
)


def sweep() -> int:
    """Free slots whose lease ran out, ring for what is due; returns how many rows were rung for."""
    queue.expire_leases()
    return sum(_ring(door) for door in DOORS)


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


def _ring(door: Door) -> int:
    """Rows are marked first and rung for after the commit: nobody waits for a lock while the broker dawdles."""
    if not jobs.due(door.model).exists():
        return 0
    try:
        with current_app.connection_for_write() as connection:
            if _waiting(connection, door.queue) >= MOST_WAITING:
                return 0
            return _publish(connection, door)
    except broker_errors() as error:
        logger.warning("the broker does not answer, rows of %s wait: %s", door.model._meta.model_name, error)
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


def _publish(connection: Connection, door: Door) -> int:
    rung = 0
    with current_app.amqp.Producer(connection) as producer:
        for line in _marked(door):
            for ids in messages(line, door.together):
                try:
                    arguments = [ids] if door.together > 1 else ids
                    current_app.send_task(door.task, arguments, producer=producer, queue=door.queue, retry=False)
                except Exception:
                    door.model._default_manager.filter(pk__in=ids).update(rung_at=None)
                    raise
                rung += len(ids)
    return rung


def _marked(door: Door) -> Iterator[list[Due]]:
    """The head of each line, not rung for lately, now marked as rung for."""
    lines = door.lines()
    share = max(door.together, MOST_WAITING * door.together // max(1, len(lines)))
    for line in lines:
        with transaction.atomic():
            unrung = Q(rung_at=None) | Q(rung_at__lt=jobs.Once() - RING_AGAIN)
            rows = jobs.due(door.model).filter(line, unrung).select_for_update(skip_locked=True, of=("self",))
            marked = jobs.head(rows, share)
            door.model._default_manager.filter(pk__in=[row.pk for row in marked]).update(rung_at=ClockTimestamp())
        yield marked


def messages(rows: Sequence[Due], together: int) -> Iterator[list[int]]:
    yield from ([row.pk] for row in rows if row.alone)
    crowd = [row.pk for row in rows if not row.alone]
    yield from (crowd[start : start + together] for start in range(0, len(crowd), together))
