"""A project's own page: the loop with its counts, and the next step."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from annotation.overview import overview
from annotation.standard import rule_replays
from projects.gates import Request


def project(request: Request) -> HttpResponse:
    context = {
        "project": request.project,
        "overview": overview(request.project),
        "roles": request.roles,
        "news": rule_replays.news(request.project),
    }
    return render(request, "annotation/project.html", context)
