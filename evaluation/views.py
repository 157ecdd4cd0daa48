"""Where a canary run or a calibration is asked for; the page of the model shows what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from evaluation import calibrating, canary_jobs
from inference.registry.views import page, version
from projects.gates import Request
from projects.refusals import Refused


def canary(request: Request, version_id: int) -> HttpResponse:
    """Asks a worker to try the canary suite on a model; leads to the row that is tried, where the outcome will stand."""
    found = version(request, version_id)
    try:
        job = canary_jobs.ask(request.project, found, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return page(request, found, status=refusal.status)
    return redirect("model", request.project.slug, job.model_id)


def calibrate(request: Request, version_id: int) -> HttpResponse:
    found = version(request, version_id)
    try:
        calibrating.fit(request.project, found, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return page(request, found, status=refusal.status)
    messages.success(request, _("Measured. The next pre-labels carry a calibrated confidence."))
    return redirect("model", request.project.slug, found.pk)
