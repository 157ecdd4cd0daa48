"""The model that answered in a project before the one that does now is put back: at once, since it was chosen there once."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inference.models import ActiveModel, FormerModel, ModelVersion
from inference.registry import registry, retiring
from inference.registry.registry import State
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused


def put_back(project: Project, version: ModelVersion, by: Person | None) -> ModelVersion | None:
    """In place of the version that answers now the model that answered before it, as it is asked now; needs no comparison.
    One that was retired meanwhile answers here again, and is back in use where it is this project's. None where nobody
    answered in that role. Raises Refused."""
    with transaction.atomic():
        registry.take_turn(project)
        row = registry.row_in_turn(project, version.role)
        if row is not None and row.model_id != version.pk:
            gone = _("%(model)s does not answer here any more: somebody else has changed it meanwhile.")
            raise Refused("not_active", gone, status=409, model=str(version))
        if row is None or not is_possible(row):
            nothing = _("Nothing else has answered here in that role: there is nothing to put back.")
            raise Refused("nothing_before", nothing, status=409)
        if row.before is None:
            _answer_no_more(row, by)
            return None
        model = registry.as_asked_in(project, row.before)
        registry.refuse_unable(model)
        if retiring.not_theirs(model, project, by) is None:
            registry.rows_of(model).filter(state=State.RETIRED).update(state=State.REGISTERED)
        registry.put_in_place(row, model, by=by, act="model.put_back")
        return model


def is_possible(row: ActiveModel | None) -> bool:
    """A judge is always followed by another; who reads pictures or teaches may be done without."""
    return row is not None and (row.before_id is not None or row.role != ModelVersion.Role.JUDGE)


def _answer_no_more(row: ActiveModel, by: Person | None) -> None:
    if row.project is not None:
        FormerModel.objects.get_or_create(project=row.project, model=row.model)
    row.delete()
    record(by, "model.put_back", project=row.project, on=row.model, model="", instead_of=str(row.model))
