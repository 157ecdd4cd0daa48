"""Is anyone at work? The badge that every page polls, and the page behind it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from jobs import heartbeats as activity
from projects.gates import Request
from projects.requests import by_htmx, show


def workers(request: Request) -> HttpResponse:
    context = {
        "presence": activity.presence(),
        "workers": activity.all_workers(),
        "restarts": activity.restarts(),
        "depths": activity.depths(),
        "dead": activity.dead_jobs(),
    }
    return show(request, "jobs/workers.html", context, part="state")


def badge(request: Request) -> HttpResponse:
    """A part of every page; opened by itself, the page behind it."""
    if not by_htmx(request):
        return redirect("workers")
    return render(request, "jobs/workers_badge.html", {"presence": activity.presence()})
