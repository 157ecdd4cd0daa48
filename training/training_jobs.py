"""A training of the distilled tier asked for in the browser: the command's own work, done by a worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inference.engines.base import EngineError
from inference.models import ModelJob
from inference.registry import model_jobs
from jobs import leasing
from jobs.kinds import PRELABEL_QUEUE, Kind, single
from jobs.leasing import Claim
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from training import distilled
from training.distilled import CannotTrain, Source

FIGURES = ("train_pairs", "test_pairs", "acc2", "acc4", "macro_f1", "kappa_quadratic", "auc", "ece")
TRAININGS = Allowance("training", 60, _("trainings"))


def ask(project: Project, source: Source, by: Person, *, promote: bool) -> ModelJob:
    """Raises Refused while a training of this project is not over."""
    with transaction.atomic():
        if model_jobs.runs(project, ModelJob.Kind.TRAIN):
            raise Refused("training_runs", _("A training of this project is not over yet."), status=409)
        allowances.spend(TRAININGS, by)
        job = ModelJob.objects.create(
            project=project, kind=ModelJob.Kind.TRAIN, source=source, promote=promote, requested_by=by
        )
        record(by, "model.training_asked", project=project, on=job, source=source, promote=promote)
    return job


def work(pk: int, token: UUID) -> None:
    job = ModelJob.objects.select_related("project", "requested_by").get(pk=pk)
    with leasing.kept(ModelJob, {pk: token}):
        try:
            _train(job, token)
        except (CannotTrain, EngineError) as error:
            leasing.fail(job, token, error, retry=False)


KIND = Kind(
    "training", _("Trainings"), ModelJob, single(work), PRELABEL_QUEUE, only=Q(kind=ModelJob.Kind.TRAIN), most_waiting=1
)


def _train(job: ModelJob, token: UUID) -> None:
    """The model is kept with the end of the job or not at all: one cancelled meanwhile is neither stored nor promoted."""
    (source,) = (one for one in distilled.SOURCES if one == job.source)
    learnt = distilled.learn(job.project, source)
    beside = {name: _short(learnt.report.get(name)) for name in ("cold_start", "active")}
    with transaction.atomic():
        if not leasing.still_ours(ModelJob, [Claim(job.pk, token, job.attempts)]):
            return
        trained = distilled.keep(job.project, learnt, job.requested_by, promote=job.promote)
        told = {"beside": beside, "majority": learnt.report["majority"], "lineage": learnt.report["lineage"]}
        told["basis"] = learnt.report["basis"]
        told["no_rival"] = (learnt.report["active"] or {}).get("no_rival", "")
        result = {**_short(learnt.report), **told, "promoted": trained.promoted, "why_not": trained.why_not}
        leasing.finish(job, token, model=trained.version, result=result)


def _short(told: Any) -> dict[str, Any]:
    return {name: told[name] for name in FIGURES if name in told} if told else {}
