"""Where a training is asked for; the page of models shows what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from inference.registry.views import listed
from projects.gates import Request
from projects.refusals import Refused
from training import training_jobs
from training.distilled import SOURCES


def train(request: Request) -> HttpResponse:
    """Asks a worker to let the distilled tier learn from this project's labels."""
    source = next((one for one in SOURCES if one == request.POST.get("source")), None)
    try:
        if source is None:
            raise Refused("no_source", _("Choose whose labels it shall learn from."))
        training_jobs.ask(request.project, source, request.person, promote="promote" in request.POST)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return listed(request, status=refusal.status)
    return redirect("models", request.project.slug)
