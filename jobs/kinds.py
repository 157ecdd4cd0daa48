"""The kinds of job: one table, filled by each app's `ready()`. Who looks for jobs, works, rings or counts reads it here.

A kind is declared beside its work and registered; nothing else has to know it. Chores are what is done regularly,
without a row that asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connections
from django.db.models import Min, Q, QuerySet
from django.utils.functional import Promise

from jobs import leasing
from jobs.isolation import Isolation
from jobs.leasing import Claim, QueueFull
from jobs.models import Job
from projects.models import Project

logger = logging.getLogger(__name__)
DISPATCHING = ""  # no queue: where a chore says so, whoever dispatches does it
DEFAULT_QUEUE = "default"
PRELABEL_QUEUE = "prelabel"
HOLDS_SECONDS = 10.0  # no connection is held over a longer pause
PICTURE_QUEUE = "pictures"  # of its own: a slow server of pictures holds up no import


@dataclass(frozen=True)
class Kind:
    """Rows of one table that are worked on in one way.

    `code` names the kind in code, `name` to people. `work` gets at most `together` claimed rows; a single row fails
    with what it raises, who takes more sees to each of them. Of the table only rows that fulfil `only` may be taken (the
    rest are of another kind, or wait for a person). `project` leads from a row to its project. `lines`: those with
    something due, which take turns; where none are named each project is one. What may end its
    process goes alone through `isolation`. `most_waiting`: how many a project may have waiting, as whoever lets people ask for
    them holds by `refuse_beyond`; None where they follow from something else. `waiting`: those, where they are not the rows.
    """

    code: str
    name: str | Promise
    model: type[Job]
    work: Callable[[Sequence[Claim]], object]
    queue: str = DEFAULT_QUEUE
    together: int = 1
    only: Q = field(default_factory=Q)
    project: str = "project"
    lines: Callable[[], Sequence[Q]] | None = None
    isolation: Isolation = field(default_factory=Isolation)
    most_waiting: int | None = None
    waiting: Callable[[Project], QuerySet[Any]] | None = None

    def waiting_in(self, project: Project) -> QuerySet[Any]:
        """What of it a project has asked for that is not over."""
        if self.waiting is not None:
            return self.waiting(project)
        return self.model._default_manager.filter(self.only, state__in=leasing.LIVE, **{self.project: project})

    def due_lines(self) -> Sequence[Q]:
        """Those with something due; newcomers in the order in which they began to wait."""
        if self.lines is not None:
            return self.lines()
        # Without a line for each project one that asks for much would hold up all others until it is served.
        due = leasing.due(self.model).filter(self.only).order_by().values_list(self.project)
        return [Q(**{self.project: project}) for project, _first in due.annotate(first=Min("due_at")).order_by("first")]


@dataclass(frozen=True)
class Chore:
    """Done at once and every so many seconds; while it says that it did something, again after `at_it` seconds.

    By whoever works for `queue`, or dispatches.
    """

    do: Callable[[], int]
    seconds: float
    at_it: float
    queue: str


_kinds: dict[str, Kind] = {}
_chores: dict[Callable[[], int], Chore] = {}


def register(*kinds: Kind) -> None:
    """Called in AppConfig.ready; registering twice changes nothing."""
    for kind in kinds:
        _kinds[kind.code] = kind


def chore(do: Callable[[], int], seconds: float, *, at_it: float | None = None, queue: str = DEFAULT_QUEUE) -> None:
    """`do` answers with how much it did. Called in AppConfig.ready; registering twice changes nothing."""
    _chores[do] = Chore(do, seconds, seconds if at_it is None else at_it, queue)


def single(work: Callable[[int, UUID], object]) -> Callable[[Sequence[Claim]], object]:
    """For kinds whose rows are worked on one by one: by their key and the token that proves that they are ours."""
    return lambda claims: [work(claim.job_id, claim.token) for claim in claims]


def every() -> list[Kind]:
    return list(_kinds.values())


def refuse_beyond(code: str, project: Project) -> None:
    """Before one more of this kind is asked for. Raises QueueFull; who asks at the same moment may come through."""
    kind = _kinds[code]
    if kind.most_waiting is not None:
        waiting = kind.waiting_in(project)[: kind.most_waiting].count()
        if waiting >= kind.most_waiting:
            raise QueueFull(waiting)


def of(queues: Sequence[str]) -> list[Kind]:
    return [kind for kind in every() if kind.queue in queues]


def queues() -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind.queue for kind in every()))


def chores(queues: Sequence[str]) -> list[Chore]:
    return [chore for chore in _chores.values() if chore.queue in queues]


def keep_doing(chore: Chore, ended: Event) -> None:
    """Until told to end. Whatever goes wrong is logged and tried again."""
    did, pause = 0, 0.0
    while not ended.wait(pause):
        close_old_connections()
        try:
            did = chore.do()
        except Exception:
            did = 0
            logger.exception("%s failed; it is tried again", chore.do.__qualname__)
        pause = chore.at_it if did else chore.seconds
        if pause > HOLDS_SECONDS:
            connections.close_all()
    connections.close_all()
