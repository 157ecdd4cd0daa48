"""What became of asked questions, as rows: predictions, tries, the ends of jobs, and what follows from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from inference.engines.base import Question
from inference.models import Calibration, Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference.pipeline import Judged
from inference.prelabel.model_context import Briefing, Subject
from inference.registry import confidence
from jobs import leasing
from jobs.leasing import Claim
from projects.hooks import Hook
from relevance.sanitising import storable
from relevance.suspicion import suspicions

LONGEST_ANSWER = 64 * 1024

predictions_stored: Hook[[PrelabelRun, Sequence[Prediction]], None] = Hook()


class Task(NamedTuple):
    """A claimed job with its pair as it is asked about."""

    job: PrelabelJob
    claim: Claim
    subject: Subject


class AskedTask(NamedTuple):
    """A task as a question, and what it was told with."""

    task: Task
    told: Briefing
    question: Question


class AnsweredTask(NamedTuple):
    """What the pipeline made of a question, and the key it is stored under."""

    asked: AskedTask
    judged: Judged
    key: str


def store(run: PrelabelRun, answers: Sequence[AnsweredTask], known: Mapping[Claim, int]) -> None:
    """One transaction: predictions, tries, the ends of the jobs, and what follows for people (predictions_stored)."""
    # Without this an answer that comes after its job was given to another worker would be stored as well.
    ours = leasing.still_ours(PrelabelJob, [*known, *(answer.asked.task.claim for answer in answers)])
    valid = [answer for answer in answers if answer.asked.task.claim in ours]
    fitted = confidence.newest(run.model, run.project) if valid else None
    rows = [_prediction(run, answer, fitted) for answer in valid]
    # Without ignore_conflicts the second of two workers that got the same answer would fail, and all that it stores with it.
    Prediction.objects.bulk_create(rows, ignore_conflicts=True)
    stored = _stored([row.key_sha256 for row in rows])
    ended = [(claim, pk) for claim, pk in known.items() if claim in ours]
    ended += [(answer.asked.task.claim, stored[answer.key]) for answer in valid]
    leasing.finish_all(PrelabelJob, ended, "prediction_id")
    PrelabelAttempt.objects.bulk_create(_tries(answers, ours))
    predictions_stored(run, rows)


def sampling_of(run: PrelabelRun) -> dict[str, int]:
    """How the answer was drawn; a first asking does not say that it is the first."""
    return {"samples": run.samples} | ({"attempt": run.attempt} if run.attempt > 1 else {})


def _stored(keys: Sequence[str]) -> dict[str, int]:
    return dict(Prediction.objects.filter(key_sha256__in=keys).values_list("key_sha256", "pk"))


def _prediction(run: PrelabelRun, answer: AnsweredTask, fitted: Calibration | None) -> Prediction:
    task, told, judged = answer.asked.task, answer.asked.told, answer.judged
    job, sure = task.job, confidence.sure(judged, run.model, fitted)
    assert told.grid_id is not None, "a job is asked about its snapshot's own facts"
    return Prediction(
        pair_id=job.pair_id,
        snapshot_id=job.snapshot_id,
        model=run.model,
        rule_base=run.rule_base,
        grid_id=told.grid_id,
        caption_id=told.caption_id,
        guideline_id=told.guideline_id,
        knowledge=list(told.revisions),
        prompt_digest=judged.prompt_digest,
        sampling=sampling_of(run),
        key_sha256=answer.key,
        status=judged.status,
        reason=judged.reason,
        label=judged.label,
        mismatch=judged.mismatch,
        posterior=dict(judged.posterior) if judged.posterior is not None else None,
        margin=judged.margin,
        confidence=sure.confidence,
        calibration_id=sure.calibration_id,
        chain=judged.chain.model_dump(mode="json") if judged.chain is not None else None,
        samples=list(judged.samples),
        contradicts=list(judged.contradicts),
        moved=[list(one) for one in judged.completion.moved],
        signals=list(suspicions(task.subject.facts)),
        tokens_in=judged.completion.tokens_in,
        tokens_out=judged.completion.tokens_out,
        tokens_cached=judged.completion.tokens_cached,
        seconds=judged.completion.seconds,
    )


def _tries(answers: Sequence[AnsweredTask], ours: Collection[Claim]) -> Iterator[PrelabelAttempt]:
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
            answer="" if outcome == "ok" else storable(judged.completion.text[:LONGEST_ANSWER]),
            tokens_in=judged.completion.tokens_in,
            tokens_out=judged.completion.tokens_out,
            tokens_cached=judged.completion.tokens_cached,
            seconds=judged.completion.seconds,
        )
