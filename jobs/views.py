"""Is anyone at work? The badge that every page polls, and the page behind it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from jobs import heartbeats as activity
from projects.gates import Request, may
from projects.membership import projects_of
from projects.models import Person
from projects.policy import Permission
from projects.requests import by_htmx, show


def workers(request: Request) -> HttpResponse:
    """To whoever runs the installation its processes and what fails in them; to others what waits in projects of theirs, and
    what died there for those who may start it anew."""
    context = of_installation() if request.person.is_system_admin else of_projects(request.person)
    return show(request, "jobs/workers.html", {"presence": activity.presence(), **context}, part="state")


def of_installation() -> dict[str, Any]:
    """Whose data a job is about is not told: who runs the installation sees no project's work."""
    return {
        "workers": activity.all_workers(),
        "restarts": activity.restarts(),
        "depths": activity.depths(),
        "dead": [(job, None) for job in activity.dead_jobs()],
    }


def of_projects(person: Person) -> dict[str, Any]:
    held = projects_of(person)
    tended = {project.pk: project for project, roles in held if may(roles, Permission.PRELABEL)}
    return {
        "depths": activity.depths([project.pk for project, _roles in held]) if held else [],
        "dead": [(job, tended[job.project_id]) for job in activity.dead_jobs(list(tended))] if tended else [],
    }


def badge(request: Request) -> HttpResponse:
    """A part of every page; opened by itself, the page behind it."""
    if not by_htmx(request):
        return redirect("workers")
    return render(request, "jobs/workers_badge.html", {"presence": activity.presence()})
