"""Is anyone at work? The badge that every page polls, and the page behind it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from annotation import workers as activity
from projects.gates import Request


def workers(request: Request) -> HttpResponse:
    context = {
        "presence": activity.presence(),
        "workers": activity.all_workers(),
        "restarts": activity.restarts(),
        "depths": activity.depths(),
        "dead": activity.dead_jobs(),
    }
    template = "annotation/workers.html"
    return render(request, template + "#state" if request.headers.get("HX-Request") else template, context)


def badge(request: Request) -> HttpResponse:
    """A part of every page; opened by itself, the page behind it."""
    if not request.headers.get("HX-Request"):
        return redirect("workers")
    return render(request, "annotation/workers_badge.html", {"presence": activity.presence()})
