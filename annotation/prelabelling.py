"""Pre-labelling: a run is a person's request, a job is one pair of it, a prediction is what the model said of the pair.

Knows how runs are asked for, stopped and worked on; what happens to a claimed job is in `answering`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from annotation import answering, grids, jobs, lexicons, workers
from annotation.isolation import Isolation
from annotation.models import JobState, PrelabelJob, PrelabelRun
from inference import connecting, registry
from inference.models import ModelVersion
from projects.audit import record
from projects.clock import ClockTimestamp
from projects.models import Person, Project
from relevance.rules import RuleSpec
from rules.publishing import active_rule_base, specs

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
        answering.answer(claims)
    return len(claims)


def is_open(run: PrelabelRun) -> bool:
    return PrelabelJob.objects.filter(run=run, state__in=jobs.LIVE).exists()


def work_some(run: PrelabelRun) -> int:
    """One batch of a run's due jobs, for a process that works without being rung; 0 when nothing is due now."""
    due = jobs.due(PrelabelJob).filter(run=run).order_by("due_at", "pk")
    vanished = due.filter(state=JobState.RUNNING).values_list("pk", flat=True)[:1]
    crowd = due.exclude(state=JobState.RUNNING).values_list("pk", flat=True)[:TOGETHER]
    return work(list(crowd) or list(vanished))
