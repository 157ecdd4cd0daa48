"""Evidence made anew: asked for, followed, cancelled, resumed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from catalogue.evidence import lexicons, remaking
from catalogue.models import EvidenceRemaking
from jobs import heartbeats, leasing
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one, show

LISTED = 10


def remakings(request: Request) -> HttpResponse:
    status = 200
    if request.method == "POST":
        try:
            _act(request)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            status = refusal.status
        else:
            return redirect("remaking", request.project.slug)
    rows = EvidenceRemaking.objects.filter(project=request.project).select_related("asked_by", "query")
    listed = list(rows.order_by("-pk")[:LISTED])
    context = {
        "project": request.project,
        "rows": listed,
        "ended": not any(row.state in leasing.LIVE for row in listed),
        "words_of": lexicons.newest(request.project),
        "presence": heartbeats.presence(),
    }
    return show(request, "catalogue/evidence/remaking.html", context, part="rows", status=status)


def _act(request: Request) -> None:
    act = request.POST.get("act", "")
    if act == "start":
        remaking.start(request.project, request.person)
        messages.success(request, _("A worker makes the evidence anew; people may go on judging."))
        return
    asked = one(EvidenceRemaking.objects.filter(project=request.project), request.POST.get("remaking"))
    if act == "cancel":
        remaking.cancel(asked, request.person)
    elif act == "resume":
        remaking.resume(asked, request.person)
    else:
        raise Http404
