"""A canary run asked for in the browser: the command's own work, done by a worker."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluation import canary
from inference.engines.base import EngineError
from inference.models import ModelJob, ModelVersion
from inference.registry import model_jobs, registry
from jobs import leasing
from jobs.kinds import PRELABEL_QUEUE, Kind, single
from projects import allowances
from projects.allowances import Allowance
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from rules.publishing import active_rule_base, specs

CANARIES = Allowance("canary", 60, _("canary runs"))


def ask(project: Project, model: ModelVersion, by: Person) -> ModelJob:
    """Raises Refused while a canary run of this project is not over."""
    with transaction.atomic():
        if model_jobs.runs(project, ModelJob.Kind.CANARY):
            raise Refused("canary_runs", _("A canary run of this project is not over yet."), status=409)
        model = _under_its_rules(model, project)
        allowances.spend(CANARIES, by)
        job = ModelJob.objects.create(project=project, kind=ModelJob.Kind.CANARY, model=model, requested_by=by)
        record(by, "model.canary_asked", project=project, on=job, model=str(model))
    return job


def work(pk: int, token: UUID) -> None:
    job = ModelJob.objects.select_related("project", "model").get(pk=pk)
    assert job.model is not None, "a canary run names its model"
    with leasing.kept(ModelJob, {pk: token}):
        try:
            model = _under_its_rules(job.model, job.project)
            found = canary.run(model, job.project)
            if nothing := canary.why_nothing(found):
                leasing.fail(job, token, f"{nothing.code}: {nothing.sentence}", retry=False)
            else:
                leasing.finish(job, token, model=model, result=found)
        except EngineError as error:
            leasing.fail(job, token, error, retry=False)


KIND = Kind(
    "canary",
    _("Canary runs"),
    ModelJob,
    single(work),
    PRELABEL_QUEUE,
    only=Q(kind=ModelJob.Kind.CANARY),
    most_waiting=1,
)


def _under_its_rules(model: ModelVersion, project: Project) -> ModelVersion:
    return registry.with_rules(model, specs(active_rule_base(project)))
