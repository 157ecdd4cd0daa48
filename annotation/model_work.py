"""Training and canary runs asked for in the browser: the commands' own work, done by a worker, its outcome on a row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from annotation import canary, distilled_training, jobs
from annotation.distilled_training import CannotTrain, Source
from annotation.jobs import Claim
from annotation.kinds import PRELABEL_QUEUE, Kind, single
from annotation.models import ModelJob
from inference import registry
from inference.engines.base import EngineError
from inference.models import ModelVersion
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from rules.publishing import active_rule_base, specs

FIGURES = ("train_pairs", "test_pairs", "acc2", "acc4", "macro_f1", "kappa_quadratic", "auc", "ece")


def ask_for_training(project: Project, source: Source, by: Person, *, promote: bool) -> ModelJob:
    """Raises Refused while a training of this project is not over."""
    with transaction.atomic():
        if _runs(project, ModelJob.Kind.TRAIN):
            raise Refused("training_runs", _("A training of this project is not over yet."), status=409)
        job = ModelJob.objects.create(
            project=project, kind=ModelJob.Kind.TRAIN, source=source, promote=promote, requested_by=by
        )
        record(by, "model.training_asked", project=project, on=job, source=source, promote=promote)
    return job


def ask_for_canary(project: Project, model: ModelVersion, by: Person) -> ModelJob:
    """Raises Refused while a canary run of this project is not over."""
    with transaction.atomic():
        if _runs(project, ModelJob.Kind.CANARY):
            raise Refused("canary_runs", _("A canary run of this project is not over yet."), status=409)
        model = _under_its_rules(model, project)
        job = ModelJob.objects.create(project=project, kind=ModelJob.Kind.CANARY, model=model, requested_by=by)
        record(by, "model.canary_asked", project=project, on=job, model=str(model))
    return job


def cancel(job: ModelJob, by: Person) -> None:
    """Before it has ended; what a worker still makes of it is not taken."""
    with transaction.atomic():
        if jobs.cancel(ModelJob.objects.filter(pk=job.pk)):
            record(by, "model.job_cancelled", project=job.project, on=job)


def work(pk: int, token: UUID) -> None:
    job = ModelJob.objects.select_related("project", "model", "requested_by").get(pk=pk)
    with jobs.kept(ModelJob, {pk: token}):
        try:
            if job.kind == ModelJob.Kind.TRAIN:
                _train(job, token)
            else:
                _canary(job, token)
        except (CannotTrain, EngineError) as error:
            jobs.fail(job, token, error, retry=False)


KIND = Kind("model_job", _("Trainings and canary runs"), ModelJob, single(work), PRELABEL_QUEUE)


def _train(job: ModelJob, token: UUID) -> None:
    """The model is kept with the end of the job or not at all: one cancelled meanwhile is neither stored nor promoted."""
    (source,) = (one for one in distilled_training.SOURCES if one == job.source)
    learnt = distilled_training.learn(job.project, source)
    beside = {name: _short(learnt.report.get(name)) for name in ("cold_start", "active")}
    with transaction.atomic():
        if not jobs.still_ours(ModelJob, [Claim(job.pk, token, job.attempts)]):
            return
        trained = distilled_training.keep(job.project, learnt, job.requested_by, promote=job.promote)
        told = {"beside": beside, "majority": learnt.report["majority"], "lineage": learnt.report["lineage"]}
        told["basis"] = learnt.report["basis"]
        told["no_rival"] = (learnt.report["active"] or {}).get("no_rival", "")
        result = {**_short(learnt.report), **told, "promoted": trained.promoted, "why_not": trained.why_not}
        jobs.finish(job, token, model=trained.version, result=result)


def _short(told: Any) -> dict[str, Any]:
    return {name: told[name] for name in FIGURES if name in told} if told else {}


def _canary(job: ModelJob, token: UUID) -> None:
    assert job.model is not None, "a canary run names its model"
    model = _under_its_rules(job.model, job.project)
    jobs.finish(job, token, model=model, result=canary.run(model, job.project))


def _under_its_rules(model: ModelVersion, project: Project) -> ModelVersion:
    return registry.with_rules(model, specs(active_rule_base(project)))


def _runs(project: Project, kind: str) -> bool:
    """Locks the project, so that of two who ask at once one is refused."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    return ModelJob.objects.filter(project=project, kind=kind, state__in=jobs.LIVE).exists()
