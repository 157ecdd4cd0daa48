"""The controls of what judges a project: what a competent first version does, and what must go wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from inference.engines.base import EngineError
from inference.models import ActiveModel, Comparison, ModelVersion, PromptVersion
from inference.prelabel import answering, stopping
from inference.prelabel.predictions import Task
from jobs import leasing
from jobs.models import JobState
from projects.audit import record
from projects.models import Person, Project

ENDED = (JobState.DONE, JobState.DEAD, JobState.CANCELLED)


class OneForAll:
    """One prompt version for the whole installation; what has been compared to the end may be active."""

    def __init__(self, active: PromptVersion) -> None:
        self.active = active

    def activate(self, prompt: PromptVersion) -> bool:
        found = Comparison.objects.filter(before=self.active, after=prompt, pairs__gte=20)
        if not any(not one.trials.exclude(state__in=ENDED).exists() for one in found):
            return False
        self.active = prompt
        return True


@contextmanager
def each_job_dies_alone(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the engine says, it says it of this pair."""

    def fail(tasks: Sequence[Task], error: Exception) -> None:
        leasing.fail_all(type(tasks[0].job), [task.claim for task in tasks], error, retry=False)

    with patch.context() as here:
        here.setattr(stopping, "stop_where_vain", lambda run, errors, answered=0: None)
        here.setattr(answering, "fail", fail)
        here.setattr(EngineError, "for_all", property(lambda error: False))
        yield


def promote(version: ModelVersion, project: Project, by: Person | None) -> Any:
    """Locks the row that is there, as one writes it first."""
    with transaction.atomic():
        rows = ActiveModel.objects.select_for_update().select_related("model")
        row, new = rows.get_or_create(project=project, role=version.role, defaults={"model": version})
        if not new and row.model_id != version.pk:
            ActiveModel.objects.filter(pk=row.pk).update(model=version, promoted_by=by)
        if new or row.model_id != version.pk:
            told = "" if new else str(row.model)
            record(by, "model.promoted", project=project, on=version, model=str(version), instead_of=told)
    return version
