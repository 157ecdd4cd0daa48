"""Pre-label runs: start one, watch it, cancel it, give its dead jobs another chance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from inference.models import ModelVersion, PrelabelRun
from inference.prelabel import progress, stopping
from inference.prelabel import runs as prelabelling
from inference.prelabel.runs import Wish
from inference.registry import connecting, registry, runnable
from jobs import heartbeats
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import CHOICES, number, one, page, show

PAGE = 30


def runs(request: Request) -> HttpResponse:
    if request.method == "POST":
        return _start(request)
    return render(request, "inference/prelabel/runs.html", _list(request))


def run(request: Request, run_id: int) -> HttpResponse:
    found = _run(request, run_id)
    seen = progress.progress(found)
    context = {
        "project": request.project,
        "run": found,
        "progress": seen,
        "nothing": progress.why_nothing(found, seen),
        "dead": progress.dead_jobs(found),
        "presence": heartbeats.presence(),
        "is_active": registry.is_active(found.model, request.project),
    }
    return show(request, "inference/prelabel/run.html", context, part="watch")


def cancel(request: Request, run_id: int) -> HttpResponse:
    found = _run(request, run_id)
    count = prelabelling.cancel(found, request.person)
    messages.success(request, ngettext("%(n)d job cancelled.", "%(n)d jobs cancelled.", count) % {"n": count})
    return redirect("run", request.project.slug, found.pk)


def resume(request: Request, run_id: int) -> HttpResponse:
    found = _run(request, run_id)
    try:
        count = prelabelling.resume(found, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("run", request.project.slug, found.pk)
    messages.success(request, ngettext("%(n)d job goes on.", "%(n)d jobs go on.", count) % {"n": count})
    return redirect("run", request.project.slug, found.pk)


def replay(request: Request, run_id: int) -> HttpResponse:
    found = _run(request, run_id)
    count = prelabelling.replay(found, request.person)
    text = ngettext("%(n)d job will be tried again.", "%(n)d jobs will be tried again.", count)
    messages.success(request, text % {"n": count})
    return redirect("run", request.project.slug, found.pk)


def _run(request: Request, run_id: int) -> PrelabelRun:
    rows = PrelabelRun.objects.filter(project=request.project).select_related("model", "rule_base", "requested_by")
    found = one(rows, run_id)
    found.project = request.project
    return found


def _start(request: Request) -> HttpResponse:
    given = request.POST
    wish = Wish(given.get("model") or None, number(given.get("samples", "1")) or 0, given.get("only", ""))
    try:
        started = prelabelling.start_run(request.project, request.person, wish)
    except Refused as refusal:
        context = {**_list(request), "refusal": refusal.sentence}
        return render(request, "inference/prelabel/runs.html", context, status=refusal.status)
    return redirect("run", request.project.slug, started.pk)


def _list(request: Request) -> dict[str, Any]:
    rows = PrelabelRun.objects.filter(project=request.project).select_related("model", "rule_base", "requested_by")
    found, active = page(rows, request, PAGE), registry.active(request.project)
    first = (
        [] if active is not None else sorted(connecting.ENGINES)
    )  # who judges first without one is the project's model
    return {
        "project": request.project,
        "runs": progress.summaries(found.rows),
        "older_url": found.older_url,
        "has_pairs": request.project.pairs.exists(),
        "active": active,
        "first": first,
        "candidates": _candidates(active),
        "unable": runnable.why_not(active) if active is not None else None,
        "stopped": stopping.last(request.project, active) if active is not None else None,
        "most_samples": prelabelling.MOST_SAMPLES,
        "only": request.GET.get("only", ""),
        "presence": heartbeats.presence(),
    }


def _candidates(active: ModelVersion | None) -> list[str]:
    """Names of models whose answers would not be the project's: on no card, in no figure, until somebody promotes them."""
    cold = [name for name in sorted(connecting.ENGINES) if active is not None and not active.cold_start]
    judges = [name for name in registry.judges() if active is None or not registry.names(name, active)]
    return [*cold, *judges[:CHOICES]]
