"""Celery's doors. A message is a doorbell with ids in it: what it points to is claimed or left alone.

A doubled, late, forged or foreign message finds no due row and does nothing; what no dispatcher can have sent is told
in the log, once a message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from celery import shared_task
from django.db.models import Q

from annotation import (
    backtesting,
    exporting,
    fetching,
    importing,
    jobs,
    model_work,
    playground,
    prelabelling,
    sampled_backtesting,
    workers,
)
from annotation.models import BackTest, Export, Import, Job, ModelJob, PictureFetch, PrelabelJob, Trial
from annotation.watching import watch

logger = logging.getLogger(__name__)
MOST_IDS = 1000
CONFIRMED = Q(confirmed=True)
F = TypeVar("F", bound=Callable[[object], object])


def door(name: str) -> Callable[[F], F]:
    """The function under the name that a message carries."""
    return shared_task(name=name)  # type: ignore[no-any-return, no-untyped-call]


@door("annotation.prelabel_jobs")
def prelabel_jobs(ids: object) -> int:
    return prelabelling.work(_numbers(ids, PrelabelJob))


@door("annotation.fetch_pictures")
def fetch_pictures(ids: object) -> int:
    return fetching.work(_numbers(ids, PictureFetch))


@door("annotation.run_trials")
def run_trials(ids: object) -> int:
    return playground.work(_numbers(ids, Trial))


@door("annotation.run_model_job")
def run_model_job(pk: object) -> None:
    for number in _numbers([pk], ModelJob):
        _work(ModelJob, number, model_work.work)


@door("annotation.run_back_test")
def run_back_test(pk: object) -> None:
    for number in _numbers([pk], BackTest):
        by_model = BackTest.objects.filter(pk=number, kind=BackTest.Kind.MODEL).exists()
        _work(BackTest, number, sampled_backtesting.work if by_model else backtesting.work)


@door("annotation.run_import")
def run_import(pk: object) -> None:
    for number in _numbers([pk], Import):
        _work(Import, number, importing.work, CONFIRMED)


@door("annotation.run_export")
def run_export(pk: object) -> None:
    for number in _numbers([pk], Export):
        _work(Export, number, exporting.work)


def _numbers(ids: object, model: type[Job]) -> list[int]:
    """Whatever came over the wire, as ids of rows that exist; what is no id is no row."""
    given = ids if isinstance(ids, list) else []
    numbers = [n for n in given[:MOST_IDS] if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**63]
    rows = set(model._default_manager.filter(pk__in=numbers).values_list("pk", flat=True)) if numbers else set()
    if len(given) != len(numbers) or len(rows) != len(set(numbers)) or not given:
        logger.warning("a message names no %s: %.200r", model._meta.verbose_name, ids)
    return [n for n in numbers if n in rows]


def _work(model: type[Job], pk: int, work: Callable[[int, UUID], object], only: Q | None = None) -> None:
    token = jobs.claim(model, pk, only)
    if token is None:
        return
    workers.note_claim()
    try:
        with watch.in_hand(f"{model._meta.model_name} {pk}", token):
            work(pk, token)
    except Exception as error:
        logger.exception("%s %d failed", model._meta.model_name, pk)
        jobs.fail(model._default_manager.get(pk=pk), token, error)
