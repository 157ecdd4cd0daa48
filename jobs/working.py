"""What each thread of a worker does: look for rows that are due, claim some of one line, see them to their end.

This is the one path from a due row to its work; a bell only makes the next look come sooner. One thread of a process
looks at a time and hands that on once it has found something: an idle process asks the database once a second, however
many threads it has, and threads of one process never reach for the same rows. Those of others are locked, and passed over.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from threading import Event, Lock
from typing import NamedTuple

from django.db import close_old_connections, connections
from django.db.models import Q

from jobs import bell, heartbeats, kinds, leasing
from jobs.in_hand import watch
from jobs.kinds import Kind
from jobs.leasing import Claim
from jobs.looking import Lookout
from jobs.turns import Turns

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class Handful(NamedTuple):
    """Rows of one line for one thread: claimed, or one that is claimed `alone`, when nothing of its kind runs beside it."""

    kind: Kind
    line: Q
    claims: Sequence[Claim]
    alone: int | None = None


class Crew:
    """The threads of a process that work for the same queues, and whose turn it is among the kinds of job there."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._look = Lookout(kinds.of(queues))
        self._looking = Lock()
        self._kinds: Turns[str] = Turns()
        self._lines: defaultdict[str, Turns[Q]] = defaultdict(Turns)

    def keep_working(self, ended: Event) -> None:
        """Of one thread, until told to end. Whatever goes wrong is logged: the rows wait, or come back after their lease."""
        while not ended.is_set():
            with self._looking:
                handful = self._wait_for_work(ended)
            if handful is not None:
                self._work_on(handful)
        connections.close_all()

    def _wait_for_work(self, ended: Event) -> Handful | None:
        while not ended.is_set():
            bell.hush()  # before the look: what rings from here on is looked for again
            close_old_connections()
            try:
                if handful := self.next():
                    return handful
            except Exception:
                logger.exception("looking for due rows failed; the next look follows")
            bell.wait(LOOK_SECONDS)
        return None

    def next(self) -> Handful | None:
        """Of the kinds that have something due, the first in turn of which something may be had."""
        due = {kind.code: kind for kind in self._look()}
        return next(filter(None, (self._of(due[code]) for code in self._kinds.order(due))), None)

    def _of(self, kind: Kind) -> Handful | None:
        lines = self._lines[kind.code]
        handful = next(filter(None, (pick(kind, line) for line in lines.order(kind.due_lines()))), None)
        if handful is not None:
            self._kinds.serve(kind.code)
            lines.serve(handful.line)
        return handful

    def _work_on(self, handful: Handful) -> None:
        with self._kinds.served(handful.kind.code), self._lines[handful.kind.code].served(handful.line):
            try:
                see_to(handful)
            except Exception:
                logger.exception("work on rows of %s failed", handful.kind.model._meta.model_name)


def pick(kind: Kind, line: Q) -> Handful | None:
    """The head of the line, if it may run now: rows that may stand beside others, or the one that must go alone."""
    rows = leasing.due(kind.model).filter(kind.only, line)
    first = next(iter(leasing.head(rows, 1)), None)
    if first is None or not kind.isolation.enter(alone=first.alone):
        return None
    if first.alone:
        return Handful(kind, line, [], first.pk)
    claims: list[Claim] = []
    try:
        claims = leasing.take(rows, kind.together)
        return Handful(kind, line, claims) if claims else None
    finally:
        if not claims:
            kind.isolation.leave()


def see_to(handful: Handful) -> int:
    """Returns how many rows were worked on: a lone one may have been taken by another process meanwhile."""
    kind, alone = handful.kind, handful.alone
    with kind.isolation.place(alone=alone is not None):
        claims = handful.claims if alone is None else leasing.claim_many(kind.model, [alone], kind.only)
        if claims:
            work_on(kind, claims)
        return len(claims)


def work_some(kind: Kind, line: Q) -> int:
    """One handful of a line, for a process that is no worker; 0 when nothing is due now."""
    handful = pick(kind, line)
    return see_to(handful) if handful else 0


def work_on(kind: Kind, claims: Sequence[Claim]) -> None:
    heartbeats.note_claim()
    what = _told(kind, claims)
    try:
        with watch.in_hand(what, claims[0].token):
            kind.work(claims)
    except Exception as error:
        if kind.together > 1:
            raise
        logger.exception("%s failed", what)
        leasing.fail_all(kind.model, claims, error)


def _told(kind: Kind, claims: Sequence[Claim]) -> str:
    name = kind.model._meta.verbose_name
    first = f"{name} {claims[0].job_id}"
    return first if len(claims) == 1 else f"{first} and {len(claims) - 1} more"
