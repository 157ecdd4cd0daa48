"""Who is at work: heartbeats of dispatchers and workers, judged by the database's clock.

A page that waits for a worker says within ten seconds that there is none: beats come every 2 s, are believed for 6 s,
and pages ask every 4 s.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from database.clock import ClockTimestamp
from jobs import failures, kinds
from jobs.kinds import Kind
from jobs.leasing import LIVE
from jobs.models import Job, JobState, Worker
from projects.models import AuditEvent
from projects.requests import CHOICES

BEAT_SECONDS = 2
FRESH_SECONDS = 6
FORGOTTEN_AFTER = timedelta(days=1)
BEGAN_ANEW = "worker.began_anew"
TOLD_FOR = timedelta(days=7)


class Presence(NamedTuple):
    """Are rows being worked on, and chores done? `seen_at` is the last sign of whoever is missing."""

    workers: int
    dispatchers: int
    seen_at: datetime | None

    @property
    def up(self) -> bool:
        return self.workers > 0 and self.dispatchers > 0


class Depth(NamedTuple):
    """What waits, runs and has died of one kind of job; `kind` is its name in the reader's language."""

    kind: str
    waiting: int
    running: int
    dead: int


class Dead(NamedTuple):
    """A job that waits for a person. `code` is the error without its details, `why` its sentence."""

    kind: str
    project_id: int
    job_id: int
    attempts: int
    finished_at: datetime
    code: str
    why: str


class Heart:
    """The beating of this process under its roles, on a thread of its own."""

    def __init__(self, kinds: tuple[Worker.Kind, ...]) -> None:
        self.kinds = kinds
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def start(self) -> None:
        """A new life under an old name (a container's process number repeats) starts anew."""
        Worker.objects.filter(seen_at__lt=ClockTimestamp() - FORGOTTEN_AFTER).delete()
        for kind in self.kinds:
            Worker.objects.update_or_create(
                name=self._named(kind),
                defaults={
                    "kind": kind,
                    "started_at": ClockTimestamp(),
                    "seen_at": ClockTimestamp(),
                    "last_claim_at": None,
                },
            )

    def beat(self) -> None:
        claimed = {"last_claim_at": ClockTimestamp()} if _claimed.is_set() else {}
        _claimed.clear()
        for kind in self.kinds:
            fields = claimed if kind == Worker.Kind.WORKER else {}
            if not Worker.objects.filter(name=self._named(kind)).update(seen_at=ClockTimestamp(), **fields):
                Worker.objects.create(name=self._named(kind), kind=kind)

    def stop(self) -> None:
        Worker.objects.filter(name__in=[self._named(kind) for kind in self.kinds]).delete()

    def _named(self, kind: Worker.Kind) -> str:
        return f"{self.name} {kind.value}"[:120]


_claimed = threading.Event()


def note_claim() -> None:
    """This process has taken a row; the next beat says so."""
    _claimed.set()


def fresh_workers() -> QuerySet[Worker]:
    return Worker.objects.filter(seen_at__gt=ClockTimestamp() - timedelta(seconds=FRESH_SECONDS)).order_by("name")


def beats_here(kind: Worker.Kind) -> bool:
    """Has a process of this kind on this host given a sign of life lately?"""
    return fresh_workers().filter(kind=kind, name__startswith=f"{socket.gethostname()}:").exists()


def presence() -> Presence:
    fresh = Q(seen_at__gt=ClockTimestamp() - timedelta(seconds=FRESH_SECONDS))
    worker, dispatcher = Q(kind=Worker.Kind.WORKER), Q(kind=Worker.Kind.DISPATCHER)
    found = Worker.objects.aggregate(
        workers=Count("pk", filter=fresh & worker),
        dispatchers=Count("pk", filter=fresh & dispatcher),
        worker_seen_at=Max("seen_at", filter=worker),
        dispatcher_seen_at=Max("seen_at", filter=dispatcher),
    )
    missing = "dispatcher_seen_at" if found["workers"] else "worker_seen_at"
    return Presence(found["workers"], found["dispatchers"], found[missing])


def is_anyone_working() -> bool:
    return presence().workers > 0


def all_workers() -> list[tuple[Worker, bool]]:
    """Every process heard of lately, and whether it is up."""
    up = set(fresh_workers().values_list("pk", flat=True))
    return [(worker, worker.pk in up) for worker in Worker.objects.order_by("kind", "name")[:CHOICES]]


def restarts(limit: int = 20) -> QuerySet[AuditEvent]:
    """Processes that noticed that they stood still and began anew, latest first; `detail` says which and why."""
    since = ClockTimestamp() - TOLD_FOR
    return AuditEvent.objects.filter(act=BEGAN_ANEW, project=None, at__gt=since).order_by("-pk")[:limit]


def depths(projects: Sequence[int] | None = None) -> list[Depth]:
    """Of these projects, or of the whole installation."""
    return [_depth(kind, projects) for kind in kinds.every()]


def _depth(kind: Kind, projects: Sequence[int] | None) -> Depth:
    live = _of(kind, projects).filter(state__in=LIVE)
    counts = dict(live.values_list("state").annotate(n=Count("pk")).order_by())
    running = counts.pop(JobState.RUNNING, 0)
    return Depth(str(kind.name), sum(counts.values()), running, _dead(kind, projects).count())


def _why(error: str) -> tuple[str, str]:
    found = failures.of(error)
    return error.partition(":")[0], found.sentence if found.code else _("Its own page says why.")


def dead_jobs(projects: Sequence[int] | None = None, limit: int = 50) -> list[Dead]:
    """The latest dead jobs of every kind, in these projects or in the whole installation."""
    found = [
        Dead(str(kind.name), project, pk, attempts, finished_at, *_why(error))
        for kind in kinds.every()
        for project, pk, attempts, finished_at, error in _dead(kind, projects)
        .order_by("-pk")
        .values_list(kind.project, "pk", "attempts", "finished_at", "error")[:limit]
    ]
    return sorted(found, key=lambda dead: dead.finished_at, reverse=True)[:limit]


def _dead(kind: Kind, projects: Sequence[int] | None) -> QuerySet[Job]:
    return _of(kind, projects).filter(state=JobState.DEAD)


def _of(kind: Kind, projects: Sequence[int] | None) -> QuerySet[Job]:
    within = Q() if projects is None else Q(**{f"{kind.project}__in": projects})
    return kind.model._default_manager.filter(kind.only, within)
