"""The projects that one may archive and restore: of a lead the own ones, of a system admin all."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import archiving
from projects.gates import Request
from projects.requests import one

PAGE = 100


def projects(request: Request) -> HttpResponse:
    after = request.GET.get("after", "")
    rows = list(archiving.kept_by(request.person).filter(slug__gt=after)[: PAGE + 1])
    context = {"projects": rows[:PAGE], "after": rows[PAGE - 1].slug if len(rows) > PAGE else ""}
    return render(request, "projects/projects.html", context)


def project_state(request: Request, project_id: int) -> HttpResponse:
    """What archiving does, to be read before it is done; and the way back."""
    project = one(archiving.kept_by(request.person), project_id)
    if request.method != "POST":
        return render(request, "projects/project_state.html", {"kept": project})
    if request.POST.get("act") == "restore":
        archiving.restore(project, actor=request.person)
        messages.success(request, _("%(name)s is open again.") % {"name": project.name})
    elif request.POST.get("act") == "archive":
        archiving.archive(project, actor=request.person)
        messages.success(request, _("%(name)s is archived.") % {"name": project.name})
    return redirect("projects")
