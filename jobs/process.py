"""One process that works: a dispatcher that sweeps, Celery threads that claim rows, a thread for each chore, and the heart
that says so.

It ends cleanly on request: what is being worked on is finished, what was not begun stays in its row for others. When
something in it stands still, it says so and another takes its place: no thread can be ended from outside.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import NoReturn

from celery import Celery
from celery.signals import task_postrun, task_prerun
from celery.worker import WorkController, state
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from jobs import dispatching, kinds
from jobs.heartbeats import BEAT_SECONDS, BEGAN_ANEW, Heart
from jobs.in_hand import watch
from jobs.listening import Listener
from jobs.models import Worker
from jobs.supervising import EXIT_ANEW
from projects import audit

logger = logging.getLogger(__name__)
ENDED = "the Celery worker ended by itself"
CHATTER = ("celery.worker.strategy", "celery.app.trace")  # a line per message, which the rows tell better
# Reading items makes many small objects that live long; looking through all of them for cycles at Python's usual pace
# takes a fifth of a worker's time.
COLLECT_AFTER = (50_000, 20, 50)
YOUNG_SECONDS = 10  # a worker that ends by itself so soon would end again: that is for a supervisor, and a person
PATIENCE_SECONDS = 10  # for a worker that has nothing in hand, such as one that waits for its broker


class StandsStill(Exception):
    """Something in this process will not go on; says what."""


def work(app: Celery, *, dispatch: bool, queues: Sequence[str], ended: Event) -> bool:
    """Until `ended` is set; False when the Celery worker ended by itself at once, which a supervisor should answer."""
    _limit_memory()
    gc.set_threshold(*COLLECT_AFTER)
    app.set_default()  # type: ignore[no-untyped-call]  # threads find the app by this
    roles = [(Worker.Kind.DISPATCHER, dispatch), (Worker.Kind.WORKER, bool(queues))]
    heart = Heart(tuple(kind for kind, played in roles if played))
    threads = [Thread(target=dispatching.keep_sweeping, args=(ended,), name="dispatcher")] if dispatch else []
    listener = Listener(queues)
    worker = Thread(target=consume, args=(app, queues), name="celery", daemon=True) if queues else None
    if queues:
        threads.append(Thread(target=listener.keep_listening, args=(ended,), name="listener"))
    for chore in kinds.chores([*queues, *([kinds.DISPATCHING] if dispatch else [])]):
        threads.append(Thread(target=kinds.keep_doing, args=(chore, ended), name=chore.do.__name__))
    for thread in [*threads, *([worker] if worker else [])]:
        thread.start()
    try:
        clean = _beat_until(heart, ended, worker, listener)
    except StandsStill as still:
        _begin_anew(heart, str(still))
    finally:
        ended.set()
    for thread in threads:
        thread.join()
    if worker is not None:
        _let_finish(worker)
    _say_goodbye(heart)
    return clean


def consume(app: Celery, queues: Sequence[str]) -> None:
    app.conf.CELERY_DB_REUSE_MAX = sys.maxsize  # a thread keeps its connection from task to task
    task_prerun.connect(_rung)  # type: ignore[no-untyped-call]
    task_postrun.connect(_answered)  # type: ignore[no-untyped-call]
    app.finalize()  # type: ignore[no-untyped-call]
    for name in CHATTER:
        logging.getLogger(name).setLevel(logging.WARNING)
    app.conf.worker_enable_remote_control = False
    app.conf.broker_connection_max_retries = None  # a broker may be away for as long as it likes
    controller = WorkController(  # type: ignore[no-untyped-call]
        app=app,
        pool="threads",
        concurrency=settings.WORKER_THREADS,
        queues=list(queues),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    controller.start()  # type: ignore[no-untyped-call]


def _rung(**_: object) -> None:
    watch.rung()
    close_old_connections()  # one that is no longer sound


def _answered(**_: object) -> None:
    watch.answered()


def _limit_memory() -> None:
    """What takes more than its share meets a MemoryError, and its job a try less: not the kernel's choice of a victim."""
    if settings.WORKER_MEMORY_MB:
        most = settings.WORKER_MEMORY_MB * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _beat_until(heart: Heart, ended: Event, worker: Thread | None, listener: Listener) -> bool:
    """Raises StandsStill."""
    begun, since = False, time.monotonic()
    while not ended.wait(BEAT_SECONDS if begun else 0):
        if worker is not None and not worker.is_alive():
            if time.monotonic() - since > YOUNG_SECONDS:
                raise StandsStill(ENDED)
            logger.error(ENDED)
            return False
        if listener.deaf:
            raise StandsStill(listener.deaf)
        if stuck := watch.stuck(settings.STUCK_SECONDS):
            raise StandsStill(f"stuck: {stuck} gave no sign for {settings.STUCK_SECONDS} s")
        close_old_connections()
        try:
            heart.beat() if begun else heart.start()
            begun = True
        except (DatabaseError, InterfaceError, MemoryError) as error:
            begun = True
            logger.warning("no heartbeat: %s", error)
    return True


def _begin_anew(heart: Heart, why: str) -> NoReturn:
    """Who stands by this process puts another in its place, and says of the rows in hand that they fell with it."""
    logger.error("this process begins anew, %s", why)
    try:
        audit.record(None, BEGAN_ANEW, process=heart.name, why=why)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("could not note that it begins anew: %s", error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_ANEW)


def _let_finish(worker: Thread) -> None:
    """Warm: Celery takes nothing new and its threads finish what they hold."""
    state.should_stop = 0  # type: ignore[assignment]
    worker.join(PATIENCE_SECONDS)
    while worker.is_alive() and state.active_requests:
        worker.join(1)
    state.should_stop = None


def _say_goodbye(heart: Heart) -> None:
    try:
        heart.stop()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("left without a word, the database does not answer: %s", error)
    finally:
        connections.close_all()


def ended_by_signals() -> Event:
    """Set by SIGTERM and by Ctrl+C."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended
