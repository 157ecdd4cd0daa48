"""Pre-labelling: a run is a person's request, a job is one pair of it, a prediction is what the model said of the pair.

Knows how runs are asked for, stopped and worked on; what happens to a claimed job is in `answering`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from catalogue.evidence import grids, lexicons
from database.clock import ClockTimestamp
from database.statements import planned_for_its_values, rows, statement
from inference.models import ModelVersion, PrelabelJob, PrelabelRun
from inference.prelabel import answering, predictions
from inference.registry import connecting, registry, runnable
from jobs import kinds, leasing, working
from jobs.kinds import PRELABEL_QUEUE, Kind
from jobs.leasing import Claim
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from relevance.rules import RuleSpec
from rules.publishing import rule_base_of, specs

TOGETHER = 32  # pairs that are asked about in one call of the engine
MOST_SAMPLES = 16
ONLY = ("", "missing", "failed", "stale")  # of a project's pairs, which a run may be asked for
_ENQUEUE = statement(__file__, "enqueue")
RUNS = Allowance("run", 120, _("pre-label runs"))


class Wish(NamedTuple):
    """What a run is asked for: a model by name (else the active one), chains per pair, and which pairs alone."""

    model: str | None = None
    samples: int = 1
    only: str = ""


EVERYTHING = Wish()


def start_run(project: Project, by: Person | None, wish: Wish = EVERYTHING) -> PrelabelRun:
    """Ask for every pair of the project, or those wished for: one job each, save those this model has answered already.

    Raises Refused, UnknownModel.
    """
    rule_base = rule_base_of(project)
    if not project.pairs.exists():
        raise Refused("no_pairs", _("There is nothing to pre-label yet: import pairs first."), status=409)
    if wish.only not in ONLY or not 1 <= wish.samples <= MOST_SAMPLES:
        known = ", ".join(filter(None, ONLY))
        wish_for = _("only: one of %(known)s; samples: 1 to %(most)s")
        raise Refused("wish", wish_for, status=400, known=known, most=MOST_SAMPLES)
    kinds.refuse_beyond("prelabel", project)
    # Before the transaction: a model that follows the rules settles pairs, and judges would wait for all that is enqueued.
    model = model_for(project, wish.model, specs(rule_base))
    if refusal := runnable.why_not(model):
        raise refusal
    lexicon = lexicons.up_to_date(project)
    with transaction.atomic():
        if by is not None:
            allowances.spend(RUNS, by)
        run = PrelabelRun.objects.create(
            project=project,
            model=model,
            rule_base=rule_base,
            lexicon=lexicon,
            requested_by=by,
            samples=wish.samples if model.prompt_id is not None else 1,
            only=wish.only,
            attempt=_next_attempt(project, model) if wish.only == "failed" else 1,
        )
        run.pairs, run.reused = _enqueue(run)
        run.save(update_fields=["pairs", "reused"])
        record(by, "run.started", project=project, on=run, pairs=run.pairs, reused=run.reused, model=str(run.model))
    return run


def model_for(project: Project | None, name: str | None, rules: Sequence[RuleSpec]) -> ModelVersion:
    """The model named, else the one active in the project (without one: in new projects), else the cold start; a cold
    start by these rules. Raises UnknownModel."""
    cold = name in connecting.ENGINES
    if project is None:
        found = registry.default() if name is None else registry.by_name(name) if not cold else None
        return registry.with_rules(found or registry.cold_start(rules, name), rules)
    if name is None or cold:
        judge = registry.judge_by(project, rules, name)
        return judge if name is None or judge.cold_start else registry.cold_start(rules, name)
    return registry.with_rules(registry.by_name(name, project), rules)


def _next_attempt(project: Project, model: ModelVersion) -> int:
    """Another attempt is another question: what came out invalid is not found again among the answers."""
    before = PrelabelRun.objects.filter(project=project, model__name=model.name).aggregate(most=Max("attempt"))["most"]
    return (before or 1) + 1


def _enqueue(run: PrelabelRun) -> tuple[int, int]:
    """One statement, whatever the number of pairs: how many there are, and how many are answered already."""
    params: dict[str, Any] = {
        "run": run.pk,
        "project": run.project_id,
        "only": run.only,
        "model": run.model_id,
        "rule_base": run.rule_base_id,
        "extractor": grids.extractor(lexicons.value(run.lexicon_id)),
        "prompted": run.model.prompt_id is not None,
        "sampling": json.dumps(predictions.sampling_of(run)),
        "older": sorted(registry.older(run.project)) if registry.is_active(run.model, run.project) else [],
    }
    with planned_for_its_values():
        [(pairs, known)] = rows(_ENQUEUE, **params)
    return pairs, known


def cancel(run: PrelabelRun, by: Person | None) -> int:
    """Stop what has not been judged; what has been stays."""
    with transaction.atomic():
        PrelabelRun.objects.filter(pk=run.pk, cancelled_at=None).update(cancelled_at=ClockTimestamp())
        cancelled = leasing.cancel(PrelabelJob.objects.filter(run=run))
        record(by, "run.cancelled", project=run.project, on=run, jobs=cancelled)
    return cancelled


def resume(run: PrelabelRun, by: Person | None) -> int:
    """Go on with a run where somebody, or its engine, stopped it; a cold start as it is now. Raises Refused."""
    if refusal := runnable.why_not(run.model):
        raise refusal
    kinds.refuse_beyond("prelabel", run.project)
    # Before the transaction, as where a run is started.
    model = _as_it_is_now(run)
    with transaction.atomic():
        PrelabelRun.objects.filter(pk=run.pk).update(cancelled_at=None, refusal="", model=model)
        resumed = leasing.resume(PrelabelJob.objects.filter(run=run))
        record(by, "run.resumed", project=run.project, on=run, jobs=resumed)
    return resumed


def _as_it_is_now(run: PrelabelRun) -> ModelVersion:
    """An upgrade gives a cold start another revision: the project follows where it is the one that answers there."""
    rules = specs(run.rule_base)
    model = registry.with_rules(run.model, rules)
    if model != run.model and registry.is_active(run.model, run.project):
        registry.judge_by(run.project, specs(rule_base_of(run.project)))
    return model


def replay(run: PrelabelRun, by: Person | None) -> int:
    """Give the dead jobs of a run that was not cancelled a fresh set of attempts."""
    with transaction.atomic():
        replayed = leasing.replay(PrelabelJob.objects.filter(run=run, run__cancelled_at=None))
        record(by, "run.replayed", project=run.project, on=run, jobs=replayed)
    return replayed


def work(claims: Sequence[Claim]) -> None:
    """See each of the claimed jobs to its end."""
    with leasing.kept(PrelabelJob, claims):
        answering.answer(claims)


def lines() -> list[Q]:
    """Each run is a line of its own, so that a long one holds up no other."""
    due = leasing.due(PrelabelJob).filter(run=OuterRef("pk"))
    runs = PrelabelRun.objects.filter(Exists(due), cancelled_at=None).order_by("pk")
    return [Q(run_id=pk) for pk in runs.values_list("pk", flat=True)]


def unfinished(project: Project) -> QuerySet[PrelabelRun]:
    """Its runs that are not over. A run counts once, however many pairs it asks about."""
    living = PrelabelJob.objects.filter(state__in=leasing.LIVE)
    return PrelabelRun.objects.filter(project=project, cancelled_at=None, pk__in=living.values("run"))


KIND = Kind(
    "prelabel",
    _("pre-label"),
    PrelabelJob,
    work,
    PRELABEL_QUEUE,
    TOGETHER,
    project="run__project",
    lines=lines,
    most_waiting=20,
    waiting=unfinished,
)


def is_open(run: PrelabelRun) -> bool:
    return PrelabelJob.objects.filter(run=run, state__in=leasing.LIVE).exists()


def work_some(run: PrelabelRun) -> int:
    """One batch of a run's due jobs, for a process that is no worker; 0 when nothing is due now."""
    return working.work_some(KIND, Q(run=run))
