"""The process that stands by a worker: begins it in a child, and when the child falls says which rows fell with it.

A job that ends its process leaves a parent that saw it. A plug that is pulled, a host that goes down or a kill of the
whole group leaves nobody, and SIGKILL, which no job sends to itself, comes from outside: then nothing is said.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from threading import Thread
from typing import NoReturn
from uuid import UUID, uuid4

from django.db import DatabaseError, InterfaceError, connections

from jobs import kinds, leasing
from jobs.in_hand import watch

logger = logging.getLogger(__name__)
EXIT_ANEW = 75  # how a child asks for another in its place
TO_END = (signal.SIGTERM, signal.SIGINT)
IN_ORDER = {
    0,
    2,
    3,
    -signal.SIGTERM,
    -signal.SIGKILL,
}  # asked to, badly called, not fit to start; or killed from outside
TELLS = 10  # times, a second apart: the database may be away for the moment


def stand_by() -> None:
    """Returns in a child, and in a fresh one whenever that begins anew. The parent ends here, as its last child did.

    To be called while the process has but one thread and no connection, which a child could not share.
    """
    asked: list[int] = []
    while True:
        life = uuid4()
        alive, held = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, TO_END)  # until somebody can answer them
        child = os.fork()
        if not child:
            os.close(held)
            _become(life, alive)
            return
        os.close(alive)
        code = _watch_over(child, asked)
        os.close(held)
        if code not in IN_ORDER:
            _tell(life, code)
        if code != EXIT_ANEW or asked:
            sys.exit(code if code >= 0 else 128 - code)


def _become(life: UUID, alive: int) -> None:
    """The child: a life of its own, signals as if it had been called itself, and an end when nobody stands by it."""
    watch.life = life
    Thread(target=_end_with_parent, args=(alive,), name="parent", daemon=True).start()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TO_END)


def _end_with_parent(alive: int) -> NoReturn:
    """The pipe ends when the parent does, however it ends. What is in hand is as if this process had been killed."""
    os.read(alive, 1)
    os._exit(1)


def _watch_over(child: int, asked: list[int]) -> int:
    """Pass on what we are `asked`; the child's exit code when it has ended, minus the signal's number if that ended it."""

    def pass_on(number: int, _frame: object) -> None:
        asked.append(number)
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for number in TO_END:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TO_END)
    status = os.waitpid(child, 0)[1]
    signal.pthread_sigmask(signal.SIG_BLOCK, TO_END)
    return os.waitstatus_to_exitcode(status)


def _tell(life: UUID, code: int) -> None:
    """Should it not be heard, the leases run out as if nobody had stood by."""
    why = _said_of(code)
    for left in reversed(range(TELLS)):
        try:
            fallen = sum(leasing.process_ended(model, life, why) for model in {kind.model for kind in kinds.every()})
            logger.error("the worker's process ended (%s) with %d rows in hand", why, fallen)
            return
        except (DatabaseError, InterfaceError) as error:
            if not left:
                logger.error("the worker's process ended (%s), and the database does not answer: %s", why, error)
                return
            time.sleep(1)
        finally:
            connections.close_all()


def _said_of(code: int) -> str:
    if code == EXIT_ANEW:
        return "it began anew"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
