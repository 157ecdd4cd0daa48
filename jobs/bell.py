"""The bell: whoever waits for work looks at once instead of within a second. Nothing depends on it.

In this process it is an event, for others a Celery message on the queue of what is due. A message says "look" and
nothing else: one that comes late, twice, from an older version or from a stranger costs a look. A broker that is frozen,
emptied or absent costs the second.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from threading import Event

from celery import Celery, current_app, shared_task
from celery.worker import WorkController
from django.conf import settings
from kombu.connection import Connection
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
LOOK = "jobs.look"
CHATTER = ("celery.worker.strategy", "celery.app.trace")  # a line per message, which says nothing
PAUSE_SECONDS = 5.0
_rung = Event()


def wake() -> None:
    _rung.set()


def hush() -> None:
    _rung.clear()


def wait(seconds: float) -> None:
    _rung.wait(seconds)


@shared_task(name=LOOK)  # type: ignore[no-untyped-call, untyped-decorator]
def look(*_: object, **__: object) -> None:
    wake()


def ring(queues: Collection[str]) -> None:
    """For who works for these queues: in this process, and one process elsewhere for each."""
    if not queues:
        return
    wake()
    if not settings.REDIS_URL:
        return
    try:
        with current_app.connection_for_write() as connection:
            for queue in queues:
                _send(connection, queue)
    except _broker_errors() as error:
        logger.warning("the broker does not answer, so nobody hears the bell: %s", error)


def _send(connection: Connection, queue: str) -> None:
    """Unless a bell lies there that nobody has heard yet: without this a queue that no worker listens to would grow."""
    channel = connection.channel()  # type: ignore[no-untyped-call]
    try:
        if channel.queue_declare(queue=queue, passive=True).message_count:
            return
    except connection.channel_errors:  # nobody has used this queue yet
        pass
    with current_app.amqp.Producer(connection) as producer:
        current_app.send_task(LOOK, producer=producer, queue=queue, retry=False)


def _broker_errors() -> tuple[type[Exception], ...]:
    connection = current_app.connection_for_write()
    return (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)


def keep_listening(app: Celery, queues: Sequence[str], ended: Event) -> None:
    """Whatever ends Celery's consumer, such as bytes that are no message: there is another after a pause."""
    for name in CHATTER:
        logging.getLogger(name).setLevel(logging.WARNING)
    app.finalize()  # type: ignore[no-untyped-call]
    app.conf.worker_enable_remote_control = False
    app.conf.broker_connection_max_retries = None  # a broker may be away for as long as it likes
    while not ended.is_set():
        try:
            _listen(app, queues)
        except Exception:
            logger.exception("Celery's consumer failed")
        if not ended.wait(PAUSE_SECONDS):
            logger.warning("Celery's consumer ended; another takes its place")


def _listen(app: Celery, queues: Sequence[str]) -> None:
    WorkController(  # type: ignore[no-untyped-call]
        app=app,
        pool="solo",
        queues=list(queues),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()
