"""Pre-labelling: a run is a person's request, a job is one pair of it, a prediction is what the model said.

Nothing is paid twice: a pair whose prediction under the same key exists is not asked about again. A result counts
only while its job is held; one that comes late is kept as a superseded attempt.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction

from annotation import disagreements, grids, jobs, lexicons, workers
from annotation.grids import Made, Seen
from annotation.isolation import Isolation
from annotation.jobs import Claim
from annotation.models import JobState, Prediction, PrelabelAttempt, PrelabelJob, PrelabelRun
from inference import connecting, registry
from inference.engines.base import Engine, EngineError, Question
from inference.models import ModelVersion
from inference.pipeline import Judged, judge, prompt_digest
from projects.audit import record
from projects.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.facts import PairFacts
from relevance.rules import RuleSpec, routed_rules
from rules.publishing import active_rule_base, specs

logger = logging.getLogger(__name__)
SAMPLING: Mapping[str, Any] = {"samples": 1}
LONGEST_ANSWER = 64 * 1024
TOGETHER = 32  # pairs that are asked about in one call of the engine
_process = Isolation()


class CannotStart(Exception):
    """A run needs pairs to label and rules to label them by."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


# A prediction under the same model, rule base, snapshot and grid would have the same prompt, so the same key.
_ENQUEUE = """
WITH wanted AS (
  SELECT p.id AS pair_id, i.current_snapshot_id AS snapshot_id, EXISTS (
    SELECT 1 FROM annotation_prediction x JOIN annotation_grid g ON g.id = x.grid_id
    WHERE x.pair_id = p.id AND x.snapshot_id = i.current_snapshot_id AND x.model_id = %(model)s
      AND x.rule_base_id = %(rule_base)s AND g.extractor = %(extractor)s) AS known
  FROM annotation_pair p JOIN annotation_item i ON i.id = p.item_id
  WHERE p.project_id = %(project)s AND i.current_snapshot_id IS NOT NULL
), made AS (
  INSERT INTO annotation_prelabeljob (run_id, pair_id, snapshot_id, state, attempts, error)
  SELECT %(run)s, pair_id, snapshot_id, 'queued', 0, '' FROM wanted WHERE NOT known ORDER BY pair_id
)
SELECT count(*), count(*) FILTER (WHERE known) FROM wanted
"""


def start_run(project: Project, engine_name: str | None, by: Person | None) -> PrelabelRun:
    """Ask for every pair of the project: one job each, save those that this model has answered already."""
    rule_base = active_rule_base(project)
    if rule_base is None:
        raise CannotStart("no_rules", "There are no rules yet: load the starter pack with load_rules")
    if not project.pairs.exists():
        raise CannotStart("no_pairs", "There is nothing to pre-label: import pairs first")
    with transaction.atomic():
        run = PrelabelRun.objects.create(
            project=project,
            model=model_for(engine_name, specs(rule_base)),
            rule_base=rule_base,
            lexicon=lexicons.up_to_date(project),
            requested_by=by,
        )
        run.pairs, run.reused = _enqueue(run)
        run.save(update_fields=["pairs", "reused"])
        record(by, "run.started", project=project, on=run, pairs=run.pairs, reused=run.reused, model=str(run.model))
    return run


def model_for(engine_name: str | None, rules: Sequence[RuleSpec]) -> ModelVersion:
    """The model named, else the active one, else the cold start."""
    active = registry.active_judge() if engine_name is None else None
    return active or registry.register(connecting.connect(engine_name or connecting.COLD_START, rules))


def _enqueue(run: PrelabelRun) -> tuple[int, int]:
    """One statement, whatever the number of pairs: how many there are, and how many are answered already."""
    extractor = grids.extractor(lexicons.value(run.lexicon_id))
    params = {"run": run.pk, "project": run.project_id, "model": run.model_id, "rule_base": run.rule_base_id}
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, {**params, "extractor": extractor})
        pairs, known = cursor.fetchone()
        return pairs, known


def cancel(run: PrelabelRun, by: Person | None) -> int:
    """Stop what has not been judged; what has been stays."""
    with transaction.atomic():
        PrelabelRun.objects.filter(pk=run.pk, cancelled_at=None).update(cancelled_at=ClockTimestamp())
        cancelled = jobs.cancel(PrelabelJob.objects.filter(run=run))
        record(by, "run.cancelled", project=run.project, on=run, jobs=cancelled)
    return cancelled


def replay(run: PrelabelRun, by: Person | None) -> int:
    """Give the dead jobs of a run that was not cancelled a fresh set of attempts."""
    with transaction.atomic():
        replayed = jobs.replay(PrelabelJob.objects.filter(run=run, run__cancelled_at=None))
        record(by, "run.replayed", project=run.project, on=run, jobs=replayed)
    return replayed


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


class Task(NamedTuple):
    """A claimed job with what its pair says."""

    job: PrelabelJob
    claim: Claim
    facts: PairFacts

    @property
    def seen(self) -> Seen:
        return Seen(self.job.pair.query_id, self.job.snapshot_id)


class Asked(NamedTuple):
    """A task's grid, question and key."""

    task: Task
    made: Made
    question: Question
    digest: str
    key: str


class Answer(NamedTuple):
    """What became of a task: a judgement of the pipeline, a prediction known before, or an error."""

    task: Task
    outcome: Judged | Exception | None
    asked: Asked | None = None


def work(job_ids: Sequence[int]) -> int:
    """Claim those of the jobs that are due and see each to its end; returns how many were claimed.

    A single job may be one whose last worker vanished (jobs.claim_many): it runs with nothing beside it.
    """
    with _process.alone() if len(job_ids) == 1 else _process.together():
        return _work(job_ids)


def _work(job_ids: Sequence[int]) -> int:
    claims = jobs.claim_many(PrelabelJob, job_ids)
    if not claims:
        return 0
    workers.note_claim()
    with jobs.kept(PrelabelJob, claims):
        for run, tasks in _by_run(claims):
            _attempt(run, tasks)
    return len(claims)


def is_open(run: PrelabelRun) -> bool:
    return PrelabelJob.objects.filter(run=run, state__in=jobs.LIVE).exists()


def work_some(run: PrelabelRun) -> int:
    """One batch of a run's due jobs, for a process that works without being rung; 0 when nothing is due now."""
    due = jobs.due(PrelabelJob).filter(run=run).order_by("due_at", "pk")
    vanished = due.filter(state=JobState.RUNNING).values_list("pk", flat=True)[:1]
    crowd = due.exclude(state=JobState.RUNNING).values_list("pk", flat=True)[:TOGETHER]
    return work(list(crowd) or list(vanished))


def _by_run(claims: Sequence[Claim]) -> Iterator[tuple[PrelabelRun, list[Task]]]:
    held = {claim.job_id: claim for claim in claims}
    rows = PrelabelJob.objects.filter(pk__in=held).select_related("pair__query", "pair__item", "snapshot")
    for run_id, group in groupby(rows.order_by("run_id", "pk"), key=lambda job: job.run_id):
        run = PrelabelRun.objects.select_related("model", "rule_base").get(pk=run_id)
        yield run, [Task(job, held[job.pk], job.pair.facts(job.snapshot)) for job in group]


def _attempt(run: PrelabelRun, tasks: Sequence[Task]) -> None:
    """Together; should something unforeseen happen, one by one, so that a poisonous pair fails alone.

    While the database is away nothing is decided: the leases run out and the work is taken up again.
    """
    try:
        _store(run, _answers(run, tasks))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("run %d: %d pairs failed together", run.pk, len(tasks))
        if len(tasks) == 1:
            _store(run, [Answer(tasks[0], error)])
            return
        for task in tasks:
            _attempt(run, [task])


def _answers(run: PrelabelRun, tasks: Sequence[Task]) -> list[Answer]:
    """Ask the engine what is not known yet. Errors of the engine are answers too."""
    rules = specs(run.rule_base)
    try:
        engine = connecting.reconnect(run.model, rules)
        asked = _questions(run, tasks, rules, engine)
        known = set(_predictions(one.key for one in asked))
        new = [one for one in asked if one.key not in known]
        judged = judge([one.question for one in new], engine) if new else []
    except EngineError as error:
        return [Answer(task, error) for task in tasks]
    told = dict(zip((one.key for one in new), judged, strict=True))
    return [Answer(one.task, told.get(one.key), one) for one in asked]


def _questions(run: PrelabelRun, tasks: Sequence[Task], rules: Sequence[RuleSpec], engine: Engine) -> list[Asked]:
    made = grids.get_or_make({task.seen: task.facts for task in tasks}, lexicons.value(run.lexicon_id))
    asked = []
    for task in tasks:
        grid = made[task.seen].grid
        question = Question(task.facts, grid, tuple(routed_rules(task.facts, grid, rules)))
        digest = prompt_digest(question, engine)
        asked.append(Asked(task, made[task.seen], question, digest, key_of(task, run, digest)))
    return asked


def _predictions(keys: Iterable[str]) -> dict[str, int]:
    return dict(Prediction.objects.filter(key_sha256__in=list(keys)).values_list("key_sha256", "pk"))


def _store(run: PrelabelRun, answers: Sequence[Answer]) -> None:
    """One transaction: predictions, tries, the jobs' ends and the disagreements that follow."""
    with transaction.atomic():
        ours = jobs.still_ours(PrelabelJob, [answer.task.claim for answer in answers])
        valid = [answer for answer in answers if answer.task.claim in ours]
        rows = [_prediction(run, a.asked, a.outcome) for a in valid if a.asked and isinstance(a.outcome, Judged)]
        Prediction.objects.bulk_create(rows, ignore_conflicts=True)
        _finish([(a.task.claim, a.asked.key) for a in valid if a.asked and not isinstance(a.outcome, Exception)])
        for answer in valid:
            if isinstance(answer.outcome, Exception):
                jobs.fail(answer.task.job, answer.task.claim.token, answer.outcome)
        PrelabelAttempt.objects.bulk_create(
            _try(answer, late=answer.task.claim not in ours) for answer in answers if answer.outcome is not None
        )
        disagreements.review_pairs(row.pair_id for row in rows if row.label)


def _finish(ended: Sequence[tuple[Claim, str]]) -> None:
    if not ended:
        return
    stored = _predictions(key for _, key in ended)
    jobs.finish_all(PrelabelJob, [(claim, stored[key]) for claim, key in ended], "prediction")


def _prediction(run: PrelabelRun, asked: Asked, judged: Judged) -> Prediction:
    chain = judged.chain
    return Prediction(
        pair_id=asked.task.job.pair_id,
        snapshot_id=asked.task.job.snapshot_id,
        model=run.model,
        rule_base=run.rule_base,
        grid_id=asked.made.row_id,
        prompt_digest=asked.digest,
        sampling=dict(SAMPLING),
        key_sha256=asked.key,
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


def _try(answer: Answer, *, late: bool) -> PrelabelAttempt:
    """The evidence of one try. What the model said is kept where it became no prediction."""
    outcome = answer.outcome
    judged = outcome if isinstance(outcome, Judged) else None
    kept = judged is not None and (late or judged.status != "ok")
    return PrelabelAttempt(
        job_id=answer.task.claim.job_id,
        number=answer.task.claim.attempt,
        token=answer.task.claim.token,
        outcome="superseded" if late else judged.status if judged else "failed",
        error=judged.reason if judged else jobs.error_text(outcome),
        answer=storable(judged.completion.text) if judged and kept else "",
        seconds=judged.completion.seconds if judged else 0.0,
    )


def storable(text: str) -> str:
    """A model may say anything; a text column takes neither NUL nor lone surrogates."""
    return text[:LONGEST_ANSWER].replace("\x00", "�").encode("utf-8", "replace").decode()
