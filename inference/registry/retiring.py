"""A model that nobody shall ask any more: no new run, trial or back-test offers it. What it has said stays, and runs that
have begun go on. All its rows, one a prompt version, are retired together: it would come back with the next prompts.

A model that learnt in a project is retired by its people alone; where another answers by it, it goes on answering. A model
of the installation is retired from a project while no other has worked with it, and by the host's command.
"""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from inference.models import ActiveModel, FormerModel, LearntModel, ModelJob, ModelVersion, PrelabelRun, Trial
from inference.registry import registry
from inference.registry.registry import State, rows_of
from projects.audit import record
from projects.models import Person, Project
from projects.refusals import Refused
from rules.publishing import active_rule_base, specs

WORKS_WITH: tuple[type[models.Model], ...] = (ActiveModel, FormerModel, PrelabelRun, Trial, ModelJob)


def retired() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(state=State.RETIRED)


def why_not(version: ModelVersion, project: Project | None = None, by: Person | None = None) -> Refused | None:
    """What keeps a model from being retired by the people of a project, or by its host; other projects are not named."""
    if version.cold_start:
        sentence = _("The cold start judges wherever no model has been promoted: it is not retired.")
        return Refused("cold_start", sentence, status=409)
    if refusal := not_theirs(version, project, by):
        return refusal
    answers = ActiveModel.objects.filter(model__in=rows_of(version))
    if project is not None and home_of(version) == project:
        answers = answers.filter(project__in=[project])
    if answers.exists() or ActiveModel.objects.filter(model__in=rows_of(version), project=None).exists():
        sentence = _("It answers in a project, or new projects start with it: promote another there first.")
        return Refused("active_model", sentence, status=409)
    return None


def not_theirs(version: ModelVersion, project: Project | None, by: Person | None) -> Refused | None:
    """Whoever of one project retired what another works with would change what that one can choose from."""
    if project is None or (by is not None and version.registered_by_id == by.pk):
        return None
    home = home_of(version)
    if home is not None and home != project:
        sentence = _("It learnt in another project: its people retire it, and take it back.")
        return Refused("learnt_elsewhere", sentence, status=409)
    if home is None and any(_of_others(table, version, project).exists() for table in WORKS_WITH):
        sentence = _(
            "Other projects work with it as well: whoever registered it retires it and takes it back, or who runs the "
            "installation, by the command retire_model."
        )
        return Refused("used_elsewhere", sentence, status=409)
    return None


def home_of(version: ModelVersion) -> Project | None:
    """The project that it learnt in; None of a model of the installation."""
    lesson = LearntModel.objects.filter(version=version).select_related("project").only("project").first()
    return lesson.project if lesson is not None else None


def _of_others(table: type[models.Model], version: ModelVersion, project: Project) -> QuerySet[models.Model]:
    rows = table._default_manager.filter(model__in=rows_of(version), project__isnull=False)
    return rows.exclude(project=project)


def retire(version: ModelVersion, by: Person | None, project: Project | None = None) -> bool:
    """False where it was retired before. Raises Refused."""
    with transaction.atomic():
        # Without the lock a promotion could name it meanwhile: whoever promotes locks the row and looks at its state.
        list(rows_of(version).order_by("pk").select_for_update(no_key=True).values_list("pk"))
        if refusal := why_not(version, project, by):
            raise refusal
        done = rows_of(version).exclude(state=State.RETIRED).update(state=State.RETIRED)
        if done:
            record(by, "model.retired", project=home_of(version), on=version, model=str(version))
    return bool(done)


def restore(version: ModelVersion, by: Person | None, project: Project | None = None) -> bool:
    """False where it was not retired. Raises Refused."""
    with transaction.atomic():
        if refusal := not_theirs(version, project, by):
            raise refusal
        # Without the state two who press at once would both stand in the audit log.
        done = rows_of(version).filter(state=State.RETIRED).update(state=State.REGISTERED)
        if done:
            record(by, "model.restored", project=home_of(version), on=version, model=str(version))
    return bool(done)


def lessons_leave(project: Project) -> None:
    """What models learnt in a project goes with it. Where one answers elsewhere, what answered before it is put back; the rows
    of the models stay, for what is told of them."""
    for row in list(_elsewhere(project).select_related("project")):
        with transaction.atomic():
            registry.take_turn(row.project)
            _put_another_back(row, project)
    ModelVersion.objects.filter(lesson__project=project).update(state=State.RETIRED)


def _elsewhere(project: Project) -> QuerySet[ActiveModel]:
    # Without the first condition the row of new projects, which has no project, would be left out.
    others = models.Q(project=None) | ~models.Q(project=project)
    return ActiveModel.objects.filter(others, model__lesson__project=project).order_by("pk")


def _put_another_back(row: ActiveModel, leaving: Project) -> None:
    """Unless its people have promoted another meanwhile."""
    held = ActiveModel.objects.select_for_update(no_key=True).filter(pk=row.pk).first()
    if held is None or home_of(held.model) != leaving:
        return
    if held.project is None:
        registry.forget_default(held.role, None)
        return
    before = held.before if held.before is not None and home_of(held.before) != leaving else None
    if before is None:
        before = registry.cold_start(specs(active_rule_base(held.project)))
    model = registry.as_asked_in(held.project, before)
    registry.put_in_place(held, model, by=None, act="model.lost_its_lesson")
    ActiveModel.objects.filter(pk=held.pk).update(before=None)  # what has no lesson any more is not put back
