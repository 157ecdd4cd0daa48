"""The model registry as people read it: who judges, how well, how far to believe it; a person promotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from catalogue import benchmark
from inference.models import LearntModel, ModelJob, ModelVersion
from inference.prelabel import progress, stopping
from inference.prompting import prompt_versions
from inference.registry import (
    confidence,
    first_judgment,
    lineage,
    model_jobs,
    putting_back,
    registry,
    retiring,
    runnable,
)
from inference.registry.basis import Basis
from jobs import heartbeats, leasing
from projects.cached_figures import remembered
from projects.gates import Request
from projects.models import Project
from projects.refusals import Refused
from projects.requests import one, show


def models(request: Request) -> HttpResponse:
    return listed(request)


def listed(request: Request, *, status: int = 200) -> HttpResponse:
    rows = registry.listed(request.project).select_related("prompt").order_by("role", "-id")[:100]
    active = registry.active_models(request.project)
    context = {
        "project": request.project,
        "models": sorted(rows, key=lambda row: (row.role, row.pk not in active)),
        "active": active,
        "judge": registry.active(request.project),
        "default": registry.active(None),
        "retired": registry.readable(retiring.retired(), request.project).order_by("name", "-pk")[:100],
        "sources": ModelJob.Source.choices,
        "presence": heartbeats.presence(),
        **_jobs(request),
    }
    return show(request, "inference/registry/models.html", context, part="model-jobs", status=status)


def cancel_job(request: Request, job_id: int) -> HttpResponse:
    job = one(ModelJob.objects.filter(project=request.project), job_id)
    model_jobs.cancel(job, request.person)
    return redirect("models", request.project.slug)


def _jobs(request: Request) -> dict[str, object]:
    rows = list(
        ModelJob.objects.filter(project=request.project).select_related("model", "requested_by").order_by("-pk")[:20]
    )
    return {
        "model_jobs": [(row, _basis(row.result or {}, row.model)) for row in rows],
        "ended": not any(row.state in leasing.LIVE for row in rows),
    }


def model(request: Request, version_id: int) -> HttpResponse:
    return page(request, version(request, version_id))


def page(request: Request, found: ModelVersion, *, status: int = 200) -> HttpResponse:
    lesson = LearntModel.objects.filter(version=found).defer("body", "corpus").select_related("project").first()
    fitted = confidence.newest(found, request.project)
    canaries = ModelJob.objects.filter(project=request.project, kind=ModelJob.Kind.CANARY, model=found)
    tried = canaries.order_by("-pk").first()
    context = {
        "project": request.project,
        "model": found,
        "is_active": registry.is_active(found, request.project),
        **_answers(request.project, found),
        "unable": runnable.why_not(found),
        "stopped": stopping.last(request.project, found),
        "promoting": _promoting(request.project, found),
        "not_retired_since": retiring.why_not(found, request.project, request.person),
        "not_restored_since": retiring.not_theirs(found, request.project, request.person),
        "lesson": lesson,
        "beside": _beside(lesson),
        "learnt_from": _learnt_from(found, request.project),
        "calibration": fitted,
        "report_basis": _basis(lesson.report if lesson is not None else {}, found),
        "calibration_basis": _basis(fitted.bins if fitted is not None else {}, found),
        "canary": tried,
        "canary_basis": _basis(tried.result or {} if tried is not None else {}, found),
        "first": first_judgment.of(found.found),
        "found": [(name, value) for name, value in found.found.items() if isinstance(value, bool)],
    }
    return render(request, "inference/registry/model.html", context, status=status)


def _answers(project: Project, found: ModelVersion) -> dict[str, object]:
    """Whether it answers here, in these words or in others, and what can be put back in its place."""
    row = registry.active_row(project, found.role)
    words = prompt_versions.active(project) if found.prompt_id is not None else None
    now = row.model if row is not None else None
    return {
        "answers": row if now == found else None,
        "put_back": now == found and putting_back.is_possible(row),
        "answers_otherwise": now if now is not None and now != found and registry.same(now, found) else None,
        "words": words if words is not None and words.pk != found.prompt_id else None,
    }


def _promoting(project: Project, found: ModelVersion) -> dict[str, int] | None:
    """What promoting it would change; None where it answers already, or judges no pairs."""
    if found.role != ModelVersion.Role.JUDGE or registry.is_active(found, project):
        return None
    found = registry.rows_of(found).filter(prompt=prompt_versions.active(project)).first() or found
    name = f"carry:{found.pk}"
    carried = remembered(name, project, lambda: progress.carry(project, found), size=lambda pairs: pairs, seconds=60)
    return {"pairs": carried, "disputes": sum(progress.disputes_with_the_model(project))}


def promote(request: Request, version_id: int) -> HttpResponse:
    found = version(request, version_id)
    try:
        promoted = registry.promote(found, request.project, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return page(request, found, status=refusal.status)
    told = {"model": promoted, "role": found.get_role_display(), "project": request.project}
    messages.success(request, _("%(model)s is the active %(role)s of %(project)s now.") % told)
    return redirect("model", request.project.slug, promoted.pk)


def put_back(request: Request, version_id: int) -> HttpResponse:
    """In place of this one, which must still be the one that answers: of two who press, the second changes nothing."""
    found = version(request, version_id)
    try:
        before = putting_back.put_back(request.project, found, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return page(request, found, status=refusal.status)
    told = {"model": before, "role": found.get_role_display(), "project": request.project}
    again, nobody = (
        _("%(model)s is the active %(role)s of %(project)s again."),
        _("%(project)s has no %(role)s any more."),
    )
    messages.success(request, (again if before is not None else nobody) % told)
    return redirect("model", request.project.slug, (before or found).pk)


def retire(request: Request, version_id: int) -> HttpResponse:
    """Or take it back into use."""
    found = version(request, version_id)
    try:
        if request.POST.get("act") == "restore":
            retiring.restore(found, request.person, request.project)
            messages.success(request, _("%(model)s is in use again.") % {"model": found})
        elif request.POST.get("act") == "retire":
            retiring.retire(found, request.person, request.project)
            messages.success(request, _("%(model)s is retired.") % {"model": found})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return page(request, found, status=refusal.status)
    return redirect("model", request.project.slug, found.pk)


def _beside(lesson: LearntModel | None) -> list[tuple[str, object]]:
    """The rows of a report: the learnt model, and whatever it was measured beside."""
    if lesson is None:
        return []
    told = lesson.report
    rows = [(_("this model"), told), (_("cold start"), told["cold_start"])]
    if told.get("active") and "acc2" in told["active"]:
        rows.append((told["active"]["model"], told["active"]))
    return rows


def _basis(told: Mapping[str, Any], model: ModelVersion | None) -> Basis | None:
    """What a stored report is of; None of one that was stored before reports said so."""
    return Basis.read(told["basis"], model) if "basis" in told else None


def _learnt_from(model: ModelVersion, project: Project) -> dict[str, int] | None:
    known = lineage.of(model)
    return (
        None
        if known is None
        else {"families": len(known), "tests": lineage.tests_seen(model, benchmark.splits(project))}
    )


def version(request: Request, version_id: int) -> ModelVersion:
    rows = registry.readable(ModelVersion.objects.all(), request.project)
    return one(rows.select_related("prompt", "registered_by"), version_id)
