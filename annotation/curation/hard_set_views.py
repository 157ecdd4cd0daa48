"""Hard sets: freeze one, list them, read one's members with their reasons."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.curation import hard_sets as hard_samples
from annotation.gold import hidden_opinions
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one, page
from relevance.hardness import ReasonKind

PAGE = 50


def hard_sets(request: Request) -> HttpResponse:
    if request.method == "POST":
        return _freeze(request)
    return _list(request)


def _list(request: Request, *, status: int = 200) -> HttpResponse:
    listed = page(request.project.hard_sets.select_related("created_by"), request, PAGE)
    context = {
        "project": request.project,
        "hard_sets": listed.rows,
        "older_url": listed.older_url,
        "kinds": reason_names().items(),
    }
    return render(request, "annotation/curation/hard_sets.html", context, status=status)


def _freeze(request: Request) -> HttpResponse:
    kinds = [kind for kind in request.POST.getlist("reason") if kind in set(ReasonKind)]
    try:
        hard_set = hard_samples.freeze_hard_set(request.project, request.POST.get("name", ""), request.person, kinds)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _list(request, status=refusal.status)
    messages.success(request, _("Frozen."))
    return redirect("hard-set", request.project.slug, hard_set.pk)


def hard_set(request: Request, hard_set_id: int) -> HttpResponse:
    found = one(request.project.hard_sets.all(), hard_set_id)
    members = page(found.members.select_related("pair__query", "snapshot"), request, PAGE, ascending=True)
    secret = hidden_opinions.still_to_judge(request, [member.pair_id for member in members.rows])
    names = reason_names()
    context = {
        "project": request.project,
        "secret": secret,
        "hard_set": found,
        "counts": [(names[kind], count) for kind, count in hard_samples.counts_by_reason(found).items()],
        "members": [
            {
                "pair": member.pair,
                "title": member.snapshot.title,
                "gold_label": "" if member.pair_id in secret else member.gold_label,
                "reasons": [
                    {"name": names[reason["kind"]], "evidence": f"{reason['evidence_kind']} {reason['evidence_id']}"}
                    for reason in member.reasons
                    if member.pair_id not in secret
                ],
            }
            for member in members.rows
        ],
        "older_url": members.older_url,
    }
    return render(request, "annotation/curation/hard_set.html", context)


def reason_names() -> dict[str, str]:
    return {
        ReasonKind.HUMAN_SPLIT: _("people are split"),
        ReasonKind.HUMAN_MODEL_CONFLICT: _("people and model differ"),
        ReasonKind.CONTRADICTION: _("the prediction contradicts itself"),
        ReasonKind.LOW_MARGIN: _("two labels are nearly as likely (margin below 0.2)"),
    }
