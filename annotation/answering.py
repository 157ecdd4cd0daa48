"""Claimed pre-label jobs, from the facts of their pairs to stored predictions.

Nothing is paid twice: a question whose answer is stored under the same key is not asked again. A result counts only
while its job is held; one that comes late is kept as a superseded attempt.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, transaction

from annotation import disagreements, grids, jobs, lexicons
from annotation.grids import Made, Seen
from annotation.jobs import Claim
from annotation.models import Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference import connecting
from inference.engines.base import Engine, EngineError, Question
from inference.pipeline import Judged, ask, judge, prompt_digest
from relevance.facts import PairFacts
from rules.publishing import specs

logger = logging.getLogger(__name__)
SAMPLING: Mapping[str, Any] = {"samples": 1}
LONGEST_ANSWER = 64 * 1024


class Task(NamedTuple):
    """A claimed job with what its pair says."""

    job: PrelabelJob
    claim: Claim
    facts: PairFacts

    @property
    def seen(self) -> Seen:
        return Seen(self.job.pair.query_id, self.job.snapshot_id)


class Asked(NamedTuple):
    """A task as a question over its grid."""

    task: Task
    made: Made
    question: Question


class Answer(NamedTuple):
    """What the pipeline made of a question, and the key it is stored under."""

    asked: Asked
    judged: Judged
    key: str


def answer(claims: Sequence[Claim]) -> None:
    """See every claimed job to its end: done, failed, or overtaken."""
    held = {claim.job_id: claim for claim in claims}
    rows = PrelabelJob.objects.filter(pk__in=held).select_related("pair__query", "pair__item", "snapshot")
    for run_id, group in groupby(rows.order_by("run_id", "pk"), key=lambda job: job.run_id):
        run = PrelabelRun.objects.select_related("model", "rule_base").get(pk=run_id)
        _attempt(run, [Task(job, held[job.pk], job.pair.facts(job.snapshot)) for job in group])


def _attempt(run: PrelabelRun, tasks: Sequence[Task]) -> None:
    """Together; should something unforeseen happen, one by one, so that a poisonous pair fails alone.

    While the database is away nothing is decided: the leases run out and the work is taken up again.
    """
    try:
        _ask_and_store(run, tasks)
    except (OperationalError, InterfaceError):
        raise
    except EngineError as error:
        _fail(tasks, error)
    except Exception as error:
        logger.exception("run %d: %d pairs failed together", run.pk, len(tasks))
        if len(tasks) == 1:
            _fail(tasks, error)
            return
        for task in tasks:
            _attempt(run, [task])


def _ask_and_store(run: PrelabelRun, tasks: Sequence[Task]) -> None:
    rules = specs(run.rule_base)
    engine = connecting.reconnect(run.model, rules)
    made = grids.get_or_make({task.seen: task.facts for task in tasks}, lexicons.value(run.lexicon_id))
    asked = [Asked(t, made[t.seen], ask(t.facts, made[t.seen].grid, rules)) for t in tasks]
    known = _known(run, asked, engine)
    new = [one for one in asked if one.task.claim not in known]
    told = judge([one.question for one in new], engine, known_rules={rule.code for rule in rules}) if new else []
    answers = [
        Answer(one, judged, key_of(one.task, run, judged.prompt_digest))
        for one, judged in zip(new, told, strict=True)
        if isinstance(judged, Judged)
    ]
    errors = [(one.task, e) for one, e in zip(new, told, strict=True) if isinstance(e, EngineError)]
    with transaction.atomic():
        _store(run, answers, known)
        for task, error in errors:
            _fail([task], error)


def _known(run: PrelabelRun, asked: Sequence[Asked], engine: Engine) -> dict[Claim, int]:
    """Predictions that answer the same questions already. Keys are computed only where there may be one."""
    before = Prediction.objects.filter(
        pair_id__in=[one.task.job.pair_id for one in asked], model=run.model, rule_base=run.rule_base
    )
    stored = {row.key_sha256: row for row in before.only("key_sha256", "pair_id")}
    pairs = {row.pair_id for row in stored.values()}
    maybe = [one for one in asked if one.task.job.pair_id in pairs]
    keys = {one.task.claim: key_of(one.task, run, prompt_digest(one.question, engine)) for one in maybe}
    return {claim: stored[key].pk for claim, key in keys.items() if key in stored}


def key_of(task: Task, run: PrelabelRun, digest: str) -> str:
    """Everything that decides an answer. The same key is the same question: it is never asked twice."""
    parts = [
        task.job.pair_id,
        task.job.snapshot.sha256,
        task.facts.query,
        run.model.engine,
        run.model.revision,
        run.model.prompt_version,
        digest,
        run.rule_base.number,
        run.rule_base.digest,
        dict(SAMPLING),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def _store(run: PrelabelRun, answers: Sequence[Answer], known: Mapping[Claim, int]) -> None:
    """One transaction: predictions, tries, the ends of the jobs and the disagreements that follow."""
    ours = jobs.still_ours(PrelabelJob, [*known, *(answer.asked.task.claim for answer in answers)])
    valid = [answer for answer in answers if answer.asked.task.claim in ours]
    rows = [_prediction(run, answer) for answer in valid]
    Prediction.objects.bulk_create(rows, ignore_conflicts=True)
    stored = _stored([row.key_sha256 for row in rows])
    ended = [(claim, pk) for claim, pk in known.items() if claim in ours]
    ended += [(answer.asked.task.claim, stored[answer.key]) for answer in valid]
    jobs.finish_all(PrelabelJob, ended, "prediction_id")
    PrelabelAttempt.objects.bulk_create(_tries(answers, ours))
    disagreements.review_pairs(row.pair_id for row in rows if row.label)


def _stored(keys: Sequence[str]) -> dict[str, int]:
    return dict(Prediction.objects.filter(key_sha256__in=keys).values_list("key_sha256", "pk"))


def _prediction(run: PrelabelRun, answer: Answer) -> Prediction:
    job, judged, chain = answer.asked.task.job, answer.judged, answer.judged.chain
    return Prediction(
        pair_id=job.pair_id,
        snapshot_id=job.snapshot_id,
        model=run.model,
        rule_base=run.rule_base,
        grid_id=answer.asked.made.row_id,
        prompt_digest=judged.prompt_digest,
        sampling=dict(SAMPLING),
        key_sha256=answer.key,
        status=judged.status,
        reason=judged.reason,
        label=judged.label,
        mismatch=chain.mismatch.value if chain is not None and chain.mismatch and judged.label == "L2" else "",
        posterior=dict(judged.posterior) if judged.posterior is not None else None,
        margin=judged.margin,
        chain=chain.model_dump(mode="json") if chain is not None else None,
        contradicts=list(judged.contradicts),
        tokens_in=judged.completion.tokens_in,
        tokens_out=judged.completion.tokens_out,
        seconds=judged.completion.seconds,
    )


def _tries(answers: Sequence[Answer], ours: Collection[Claim]) -> Iterator[PrelabelAttempt]:
    """The evidence of each try. What the model said is kept where it became no usable prediction."""
    for answer in answers:
        claim, judged = answer.asked.task.claim, answer.judged
        outcome = judged.status if claim in ours else "superseded"
        yield PrelabelAttempt(
            job_id=claim.job_id,
            number=claim.attempt,
            token=claim.token,
            outcome=outcome,
            error=judged.reason,
            answer="" if outcome == "ok" else storable(judged.completion.text),
            seconds=judged.completion.seconds,
        )


def _fail(tasks: Sequence[Task], error: Exception) -> None:
    claims = [task.claim for task in tasks]
    with transaction.atomic():
        ours = jobs.fail_all(PrelabelJob, claims, error)
        PrelabelAttempt.objects.bulk_create(
            PrelabelAttempt(
                job_id=claim.job_id,
                number=claim.attempt,
                token=claim.token,
                outcome="failed" if claim.job_id in ours else "superseded",
                error=jobs.error_text(error),
            )
            for claim in claims
        )


def storable(text: str) -> str:
    """A model may say anything; a text column takes neither NUL nor lone surrogates."""
    return text[:LONGEST_ANSWER].replace("\x00", "�").encode("utf-8", "replace").decode()
