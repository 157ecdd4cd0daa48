"""A run whose engine refuses to answer at all: it is stopped at the first refusal, and what is left of it waits for a person.

Nothing is held against its pairs. Trouble that may pass (a server that is away, slow or asked too often) stops no run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from database.clock import ClockTimestamp
from inference.engines.base import EngineError, EngineUnavailable
from inference.models import ModelVersion, PrelabelJob, PrelabelRun
from jobs import failures, leasing
from jobs.models import JobState
from projects.audit import record
from projects.models import Project
from projects.refusals import TotalFailure

# Refusals of a question that may be of all: where the first questions of a run all end so, nobody waits for the rest.
ALIKE = frozenset({"bad_request", "constraint_ignored", "no_pictures"})
FEWEST_ALIKE = 8
_ANOTHER_SERVED: Promise = gettext_lazy(
    "Let its server serve the model that was registered and press “Go on with it”; or register what it serves now "
    "(register_model) and start another run."
)
WAYS_OUT: Mapping[str, Promise] = {
    "auth": gettext_lazy(
        "Set the key of its server in LORE_MODEL_KEYS, start the workers again, and press “Go on with it”."
    ),
    "not_found": _ANOTHER_SERVED,
    "other_model": _ANOTHER_SERVED,
    "other_revision": gettext_lazy(
        "Start the workers with the version of the product that runs the pages, and press “Go on with it”: a cold start is "
        "then asked as it is now. A model that has learnt is trained again on the page of models."
    ),
    "not_installed": gettext_lazy(
        "Install the package where the workers run, start them again, and press “Go on with it”."
    ),
}
OTHERWISE: Promise = gettext_lazy(
    "Mend it where the workers run, start them again, and press “Go on with it”; or promote another model, or put back what "
    "was before, and start another run."
)


class Stopped(NamedTuple):
    """Why a run was stopped, what was said, and what to do."""

    code: str
    sentence: str
    said: str
    way_out: str

    @property
    def words(self) -> str:
        told = f"{self.sentence} {self.said}".strip()
        return f"{_('Its engine refuses to answer, so the run was stopped.')} {told} {self.way_out}"

    @property
    def failure(self) -> TotalFailure:
        return TotalFailure(self.code, self.words)


def of(run: PrelabelRun) -> Stopped | None:
    if not run.refusal:
        return None
    why = failures.of(run.refusal)
    return Stopped(why.code, why.sentence, why.said, str(WAYS_OUT.get(why.code, OTHERWISE)))


def last(project: Project, model: ModelVersion) -> PrelabelRun | None:
    """The run that this model's engine stopped, where nothing that was asked of it since has been answered."""
    runs = PrelabelRun.objects.filter(project=project, model=model).order_by("-pk")
    stopped = runs.exclude(refusal="").first()
    if stopped is None or runs.filter(pk__gt=stopped.pk, jobs__state=JobState.DONE).exists():
        return None
    return stopped


def stop_where_vain(run: PrelabelRun, errors: Sequence[EngineError], *, answered: int = 0) -> None:
    """After a batch: its errors, and how many of it were answered."""
    refusals = [error for error in errors if error.for_all]
    if not refusals and not answered:
        refusals = _all_alike(run, errors)
    if refusals:
        stop(run, refusals[0])


def _all_alike(run: PrelabelRun, errors: Sequence[EngineError]) -> list[EngineError]:
    codes = {error.code for error in errors if not isinstance(error, EngineUnavailable)}
    if len(errors) < FEWEST_ALIKE or len(codes) != 1 or not codes <= ALIKE:
        return []
    return [] if PrelabelJob.objects.filter(run=run, state=JobState.DONE).exists() else list(errors)


def stop(run: PrelabelRun, error: EngineError) -> None:
    """Once, whichever worker meets it first; what others have in hand is cancelled with the rest."""
    with transaction.atomic():
        told = {"cancelled_at": ClockTimestamp(), "refusal": leasing.error_text(error)}
        stopped = PrelabelRun.objects.filter(pk=run.pk, cancelled_at=None).update(**told)
        left = leasing.cancel(PrelabelJob.objects.filter(run=run))
        if stopped:
            record(None, "run.stopped", project=run.project, on=run, model=str(run.model), code=error.code, jobs=left)
