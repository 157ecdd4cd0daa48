"""A model that nobody shall ask any more: no new run, trial or back-test offers it. What it has said stays, and runs that
have begun go on. All its rows, one a prompt version, are retired together: it would come back with the next prompts."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from inference.models import ActiveModel, ModelVersion
from inference.registry.registry import State, rows_of
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused


def retired() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(state=State.RETIRED)


def why_not(version: ModelVersion) -> Refused | None:
    """What keeps a model from being retired; other projects are not named."""
    if version.cold_start:
        sentence = _("The cold start judges wherever no model has been promoted: it is not retired.")
        return Refused("cold_start", sentence, status=409)
    if ActiveModel.objects.filter(model__in=rows_of(version)).exists():
        sentence = _("It answers in a project, or new projects start with it: promote another there first.")
        return Refused("active_model", sentence, status=409)
    return None


def retire(version: ModelVersion, by: Person | None) -> bool:
    """False where it was retired before. Raises Refused."""
    with transaction.atomic():
        # Without the lock a promotion could name it meanwhile: whoever promotes locks the row and looks at its state.
        list(rows_of(version).order_by("pk").select_for_update(no_key=True).values_list("pk"))
        if refusal := why_not(version):
            raise refusal
        done = rows_of(version).exclude(state=State.RETIRED).update(state=State.RETIRED)
        if done:
            record(by, "model.retired", on=version, model=str(version))
    return bool(done)


def restore(version: ModelVersion, by: Person | None) -> bool:
    """False where it was not retired."""
    with transaction.atomic():
        # Without the state two who press at once would both stand in the audit log.
        done = rows_of(version).filter(state=State.RETIRED).update(state=State.REGISTERED)
        if done:
            record(by, "model.restored", on=version, model=str(version))
    return bool(done)


def refuse_if_needed_elsewhere(project: Project) -> None:
    """A model that learnt in a project answers without its lesson no more. Which project that is, is not said: its reader may be
    no member of it."""
    learnt = ActiveModel.objects.filter(model__lesson__project=project).exclude(project=project)
    if learnt.exists():
        why = _("A model that learnt in this project answers elsewhere: another one must be promoted there first.")
        raise Refused("needed_elsewhere", why, status=409)


def retire_lessons_of(project: Project) -> None:
    """They go with the project; the rows of their models stay, for what is told of them."""
    ModelVersion.objects.filter(lesson__project=project).update(state=ModelVersion.State.RETIRED)
