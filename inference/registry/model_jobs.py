"""Trainings and canary runs asked for in the browser: what they have in common. Each is a kind of job of its own, done by who
trains or measures (training.training_jobs, evaluation.canary_jobs), its outcome on the row."""

from __future__ import annotations

from django.db import transaction

from inference.models import ModelJob
from jobs import leasing
from projects.audit import record
from projects.models import Person, Project


def runs(project: Project, kind: ModelJob.Kind) -> bool:
    """Whether one is not over yet. Locks the project, so that of two who ask at once one is refused."""
    # Without the lock two who ask at once would both find none, and the same work would be done twice.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    return ModelJob.objects.filter(project=project, kind=kind, state__in=leasing.LIVE).exists()


def cancel(job: ModelJob, by: Person) -> None:
    """Before it has ended; what a worker still makes of it is not taken."""
    with transaction.atomic():
        if leasing.cancel(ModelJob.objects.filter(pk=job.pk)):
            record(by, "model.job_cancelled", project=job.project, on=job)
