"""One process that works: threads that take due rows, a dispatcher, a thread for each chore, the bell's listener, and the
heart that says so.

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
from collections.abc import Sequence
from threading import Event, Thread
from typing import NoReturn

from celery import Celery
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from jobs import bell, kinds
from jobs.dispatching import Dispatcher
from jobs.heartbeats import BEAT_SECONDS, BEGAN_ANEW, Heart
from jobs.in_hand import watch
from jobs.models import Worker
from jobs.supervising import EXIT_ANEW
from jobs.working import Crew
from projects import audit

logger = logging.getLogger(__name__)
# Reading items makes many small objects that live long; looking through all of them for cycles at Python's usual pace
# takes a fifth of a worker's time.
COLLECT_AFTER = (50_000, 20, 50)


class StandsStill(Exception):
    """Something in this process will not go on; says what."""


def work(app: Celery, *, dispatch: bool, queues: Sequence[str], ended: Event) -> None:
    """Until `ended` is set."""
    _limit_memory()
    gc.set_threshold(*COLLECT_AFTER)
    app.set_default()  # type: ignore[no-untyped-call]  # threads find the app by this
    roles = [(Worker.Kind.DISPATCHER, dispatch), (Worker.Kind.WORKER, bool(queues))]
    heart = Heart(tuple(kind for kind, played in roles if played))
    threads = _threads(ended, queues, dispatch=dispatch)
    for thread in threads:
        thread.start()
    if queues and settings.REDIS_URL:  # not waited for: what it has heard of lies in its rows
        Thread(target=bell.keep_listening, args=(app, queues, ended), name="bell", daemon=True).start()
    try:
        _beat_until(heart, ended, threads)
    except StandsStill as still:
        _begin_anew(heart, str(still))
    finally:
        ended.set()
        bell.wake()
    for thread in threads:
        thread.join()
    _say_goodbye(heart)


def _threads(ended: Event, queues: Sequence[str], *, dispatch: bool) -> list[Thread]:
    crew = Crew(queues)
    crowd = range(settings.WORKER_THREADS) if queues else []
    threads = [Thread(target=crew.keep_working, args=(ended,), name=f"worker {number}") for number in crowd]
    if dispatch:
        threads.append(Thread(target=Dispatcher().keep_sweeping, args=(ended,), name="dispatcher"))
    for chore in kinds.chores([*queues, *([kinds.DISPATCHING] if dispatch else [])]):
        threads.append(Thread(target=kinds.keep_doing, args=(chore, ended), name=chore.do.__name__))
    return threads


def _limit_memory() -> None:
    """What takes more than its share meets a MemoryError, and its job a try less: not the kernel's choice of a victim."""
    if settings.WORKER_MEMORY_MB:
        most = settings.WORKER_MEMORY_MB * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _beat_until(heart: Heart, ended: Event, threads: Sequence[Thread]) -> None:
    """Raises StandsStill."""
    begun = False
    while not ended.wait(BEAT_SECONDS if begun else 0):
        _look_after(ended, threads)
        close_old_connections()
        try:
            heart.beat() if begun else heart.start()
        except (DatabaseError, InterfaceError, MemoryError) as error:
            logger.warning("no heartbeat: %s", error)
        begun = True


def _look_after(ended: Event, threads: Sequence[Thread]) -> None:
    gone = [thread.name for thread in threads if not thread.is_alive()]
    if gone and not ended.is_set():
        raise StandsStill(f"ended by itself: the thread {gone[0]}")
    if stuck := watch.stuck(settings.STUCK_SECONDS):
        raise StandsStill(f"stuck: {stuck} gave no sign for {settings.STUCK_SECONDS} s")


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
