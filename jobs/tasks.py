"""Celery's one door. A message is a doorbell: a kind of job and ids; what it points to is claimed or left alone.

A doubled, late, forged or foreign message finds no due row and does nothing; what no dispatcher can have sent is told
in the log, once a message. One that names a task of another version is dropped by Celery, and its rows are rung for again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from celery import shared_task

from jobs import heartbeats, kinds, leasing
from jobs.in_hand import watch
from jobs.kinds import Kind
from jobs.leasing import Claim

logger = logging.getLogger(__name__)
RUN = "jobs.run"
F = TypeVar("F", bound=Callable[[object, object], int])


def door(name: str) -> Callable[[F], F]:
    """The function under the name that a message carries."""
    return shared_task(name=name)  # type: ignore[no-any-return, no-untyped-call]


@door(RUN)
def run(code: object, ids: object) -> int:
    kind = kinds.named(code)
    if kind is None:
        logger.warning("a message names no kind of job: %.200r", code)
        return 0
    return work_on(kind, _numbers(ids, kind))


def work_on(kind: Kind, ids: Sequence[int]) -> int:
    """Claim those of the rows that are due and see each to its end; returns how many were claimed."""
    with _room(kind, ids):
        claims = leasing.claim_many(kind.model, ids, kind.only)
        if not claims:
            return 0
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
        return len(claims)


def _room(kind: Kind, ids: Sequence[int]) -> AbstractContextManager[None]:
    """A single job may be one whose process ended each time (jobs.claim_many): it runs with nothing beside it."""
    if kind.isolation is None:
        return nullcontext()
    return kind.isolation.alone() if len(ids) == 1 else kind.isolation.together()


def _told(kind: Kind, claims: Sequence[Claim]) -> str:
    name = kind.model._meta.verbose_name
    first = f"{name} {claims[0].job_id}"
    return first if len(claims) == 1 else f"{first} and {len(claims) - 1} more"


def _numbers(ids: object, kind: Kind) -> list[int]:
    """Whatever came over the wire, as ids of rows that exist; what is no id is no row."""
    given = ids if isinstance(ids, list) else []
    numbers = [n for n in given[: kind.together] if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**63]
    rows = set(kind.model._default_manager.filter(pk__in=numbers).values_list("pk", flat=True)) if numbers else set()
    if len(given) != len(numbers) or len(rows) != len(set(numbers)) or not given:
        logger.warning("a message names no %s: %.200r", kind.model._meta.verbose_name, ids)
    return [n for n in numbers if n in rows]
