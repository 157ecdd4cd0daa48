"""Claimed pre-label jobs, from the facts of their pairs to stored predictions.

Nothing is paid twice: a question whose answer is stored under the same key is not asked again. A result counts only
while its job is held; one that comes late is kept as a superseded attempt.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from itertools import groupby

from django.db import InterfaceError, OperationalError, transaction

from catalogue.evidence import lexicons
from catalogue.models import Snapshot
from inference.asking import Asking
from inference.engines.base import EngineError, EngineUnavailable, EngineWaiting
from inference.engines.prompted import Sampling
from inference.models import Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference.pipeline import Judged
from inference.prelabel import model_context, predictions, stopping
from inference.prelabel.model_context import Briefing
from inference.prelabel.predictions import AnsweredTask, AskedTask, Task
from jobs import leasing
from jobs.leasing import Claim
from rules.publishing import specs

logger = logging.getLogger(__name__)


def answer(claims: Sequence[Claim]) -> None:
    """See every claimed job to its end: done, failed, or overtaken."""
    held = {claim.job_id: claim for claim in claims}
    rows = PrelabelJob.objects.filter(pk__in=held).select_related("pair__query", "pair__item", "snapshot")
    for run_id, group in groupby(rows.order_by("run_id", "pk"), key=lambda job: job.run_id):
        run = PrelabelRun.objects.select_related("model", "rule_base", "project").get(pk=run_id)
        together = list(group)
        Snapshot.read_together(job.snapshot for job in together)
        _attempt(run, [Task(job, held[job.pk], model_context.subject(job.pair, job.snapshot)) for job in together])


def _attempt(run: PrelabelRun, tasks: Sequence[Task]) -> None:
    """Together; should something unforeseen happen, one by one, so that a poisonous pair fails alone.

    While the database is away nothing is decided: the leases run out and the work is taken up again.
    """
    try:
        _ask_and_store(run, tasks)
    except (OperationalError, InterfaceError):
        raise
    except EngineError as error:
        fail(tasks, error)
        stopping.stop_where_vain(run, [error] * len(tasks))
    except Exception as error:
        logger.exception("run %d: %d pairs failed together", run.pk, len(tasks))
        if len(tasks) == 1:
            fail(tasks, error)
            return
        for task in tasks:
            _attempt(run, [task])


def _ask_and_store(run: PrelabelRun, tasks: Sequence[Task]) -> None:
    sampling = Sampling(run.samples, seed=run.attempt - 1)
    words = lexicons.value(run.lexicon_id)
    asking = Asking(run.project, run.model, specs(run.rule_base), sampling=sampling, lexicon=words)
    briefed = asking.brief([task.subject for task in tasks])
    errors = [(task, told) for task, told in zip(tasks, briefed, strict=True) if isinstance(told, EngineError)]
    asked = [
        AskedTask(task, told, asking.question(told))
        for task, told in zip(tasks, briefed, strict=True)
        if isinstance(told, Briefing)
    ]
    known = _known(run, asked, asking)
    new = [one for one in asked if one.task.claim not in known]
    told = asking.judge([one.question for one in new])
    answers = [
        AnsweredTask(one, judged, key_of(one.task, run, judged.prompt_digest))
        for one, judged in zip(new, told, strict=True)
        if isinstance(judged, Judged)
    ]
    errors += [(one.task, e) for one, e in zip(new, told, strict=True) if isinstance(e, EngineError)]
    with transaction.atomic():
        predictions.store(run, answers, known)
        for task, error in errors:
            fail([task], error)
    # Afterwards: of two workers, each would wait for the rows that the other holds and stop neither.
    stopping.stop_where_vain(run, [error for _task, error in errors], answered=len(answers) + len(known))


def _known(run: PrelabelRun, asked: Sequence[AskedTask], asking: Asking) -> dict[Claim, int]:
    """Predictions that answer the same questions already. Keys are computed only where there may be one."""
    before = Prediction.objects.filter(pair_id__in=[one.task.job.pair_id for one in asked], model=run.model)
    stored = {row.key_sha256: row for row in before.only("key_sha256", "pair_id")}
    pairs = {row.pair_id for row in stored.values()}
    maybe = [one for one in asked if one.task.job.pair_id in pairs]
    keys = {one.task.claim: key_of(one.task, run, asking.digest(one.question)) for one in maybe}
    return {claim: stored[key].pk for claim, key in keys.items() if key in stored}


def key_of(task: Task, run: PrelabelRun, digest: str) -> str:
    """Everything that decides an answer. The same key is the same question: it is never asked twice.

    The rules that were routed to the pair are in the digest, by code and wording; a rule base that changed elsewhere
    makes no other question.
    """
    parts = [
        task.job.pair_id,
        task.job.snapshot.sha256,
        task.subject.facts.query,
        [run.model.engine, run.model.target, run.model.revision, run.model.prompt_version],
        digest,
        predictions.sampling_of(run),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def fail(tasks: Sequence[Task], error: Exception) -> None:
    """One more try where that may help, not before the server wants it; who was not even asked keeps the attempt. Where the
    engine refuses all alike, nothing is held against the pair: the run is stopped."""
    claims = [task.claim for task in tasks]
    if isinstance(error, EngineWaiting):
        leasing.put_back(PrelabelJob, claims, error.retry_after or 1.0)
        return
    if isinstance(error, EngineError) and error.for_all:
        leasing.put_back(PrelabelJob, claims, 0)
        return
    retry = not isinstance(error, EngineError) or isinstance(error, EngineUnavailable)
    wait = error.retry_after if isinstance(error, EngineUnavailable) else None
    with transaction.atomic():
        ours = leasing.fail_all(PrelabelJob, claims, error, retry=retry, wait=wait or 0)
        PrelabelAttempt.objects.bulk_create(
            PrelabelAttempt(
                job_id=claim.job_id,
                number=claim.attempt,
                token=claim.token,
                outcome="failed" if claim.job_id in ours else "superseded",
                error=leasing.error_text(error),
            )
            for claim in claims
        )
