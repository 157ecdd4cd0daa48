"""Celery's doors. A message is a doorbell with ids in it: what it points to is claimed or left alone.

A doubled, late, forged or foreign message finds no due row and does nothing.
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
from annotation.models import BackTest, Export, Import, Job, ModelJob

logger = logging.getLogger(__name__)
MOST_IDS = 1000
CONFIRMED = Q(confirmed=True)
F = TypeVar("F", bound=Callable[[object], object])


def door(name: str) -> Callable[[F], F]:
    """The function under the name that a message carries."""
    return shared_task(name=name)  # type: ignore[no-any-return, no-untyped-call]


@door("annotation.prelabel_jobs")
def prelabel_jobs(ids: object) -> int:
    return prelabelling.work(_numbers(ids))


@door("annotation.fetch_pictures")
def fetch_pictures(ids: object) -> int:
    return fetching.work(_numbers(ids))


@door("annotation.run_trials")
def run_trials(ids: object) -> int:
    return playground.work(_numbers(ids))


@door("annotation.run_model_job")
def run_model_job(pk: object) -> None:
    for number in _numbers([pk]):
        _work(ModelJob, number, model_work.work)


@door("annotation.run_back_test")
def run_back_test(pk: object) -> None:
    for number in _numbers([pk]):
        by_model = BackTest.objects.filter(pk=number, kind=BackTest.Kind.MODEL).exists()
        _work(BackTest, number, sampled_backtesting.work if by_model else backtesting.work)


@door("annotation.run_import")
def run_import(pk: object) -> None:
    for number in _numbers([pk]):
        _work(Import, number, importing.work, CONFIRMED)


@door("annotation.run_export")
def run_export(pk: object) -> None:
    for number in _numbers([pk]):
        _work(Export, number, exporting.work)


def _numbers(ids: object) -> list[int]:
    """Whatever came over the wire, as row ids; what is no id is no row."""
    given = ids if isinstance(ids, list) else []
    return [n for n in given[:MOST_IDS] if isinstance(n, int) and not isinstance(n, bool) and 0 < n < 2**63]


def _work(model: type[Job], pk: int, work: Callable[[int, UUID], object], only: Q | None = None) -> None:
    token = jobs.claim(model, pk, only)
    if token is None:
        return
    workers.note_claim()
    try:
        work(pk, token)
    except Exception as error:
        logger.exception("%s %d failed", model._meta.model_name, pk)
        jobs.fail(model._default_manager.get(pk=pk), token, error)
