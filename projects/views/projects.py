"""The projects that one may archive and restore: of a lead the own ones, of a system admin all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import archiving, deleting, rows_of_project
from projects.gates import Request
from projects.models import AuditEvent, Deletion
from projects.refusals import Refused
from projects.requests import one, show

PAGE = 100


def projects(request: Request) -> HttpResponse:
    after = request.GET.get("after", "")
    rows = list(archiving.kept_by(request.person).filter(slug__gt=after)[: PAGE + 1])
    context = {"projects": rows[:PAGE], "after": rows[PAGE - 1].slug if len(rows) > PAGE else ""}
    return render(request, "projects/projects.html", context)


def delete(request: Request, project_id: int) -> HttpResponse:
    """What deleting takes, to be read before it is done; and how far it is."""
    gone = AuditEvent.objects.filter(act="project.deleted", object_id=str(project_id)).first()
    if gone is not None:
        return show(request, "projects/project_delete.html", {"gone": gone, "ended": True}, part="progress")
    project = one(archiving.kept_by(request.person), project_id)
    status = 200
    if request.method == "POST":
        try:
            deleting.ask(project, typed=request.POST.get("typed", ""), actor=request.person)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            status = refusal.status
        else:
            return redirect("project-delete", project.pk)
    deletion = Deletion.objects.filter(project=project).first()
    context = {"kept": project, "deletion": deletion, **(_progress(deletion) if deletion else {})}
    return show(request, "projects/project_delete.html", context, part="progress", status=status)


def _progress(deletion: Deletion) -> dict[str, Any]:
    return {"done": deletion.step, "total": len(rows_of_project.steps())}


def project_state(request: Request, project_id: int) -> HttpResponse:
    """What archiving does, to be read before it is done; and the way back."""
    project = one(archiving.kept_by(request.person), project_id)
    if request.method != "POST":
        return render(request, "projects/project_state.html", {"kept": project})
    if request.POST.get("act") == "restore":
        try:
            archiving.restore(project, actor=request.person)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return render(request, "projects/project_state.html", {"kept": project}, status=refusal.status)
        messages.success(request, _("%(name)s is open again.") % {"name": project.name})
    elif request.POST.get("act") == "archive":
        archiving.archive(project, actor=request.person)
        messages.success(request, _("%(name)s is archived.") % {"name": project.name})
    return redirect("projects")
