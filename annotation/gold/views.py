"""Disagreements: the list, and one to be settled without knowing who said what."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.evidence_checks import gate
from annotation.gold import adjudicating, hidden_opinions
from annotation.judging import card
from annotation.models import Adjudication, Disagreement
from catalogue import display
from catalogue.evidence import grids
from catalogue.models import Pair
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one, page
from relevance.routing import ON_A_CARD, routed_rules
from rules.publishing import active_rule_base, specs_today

PAGE = 50


def disputes(request: Request) -> HttpResponse:
    rows = adjudicating.open_for(request.person, request.project)
    waiting = page(rows, request, PAGE, ascending=True)
    settled = Adjudication.objects.filter(
        disagreement__project=request.project, adjudicator=request.person
    ).select_related("pair__query", "snapshot", "disagreement")
    context = {
        "project": request.project,
        "disputes": waiting.rows,
        "older_url": waiting.older_url,
        "settled": settled.order_by("-id")[:10],
    }
    return render(request, "annotation/gold/disputes.html", context)


def dispute(request: Request, dispute_id: int) -> HttpResponse:
    disagreement = _dispute(request, dispute_id)
    if request.method == "POST":
        return _settle(request, disagreement)
    if disagreement.state == Disagreement.State.OPEN:
        hidden_opinions.record_seen(request.person, disagreement.pair_id)
    return _page(request, disagreement)


def _settle(request: Request, disagreement: Disagreement) -> HttpResponse:
    try:
        ruling = adjudicating.Ruling(
            key=uuid.UUID(request.POST.get("idempotency_key", "")),
            label=request.POST.get("label", ""),
            mismatch=request.POST.get("mismatch", ""),
            rule_code=request.POST.get("rule", ""),
            note=request.POST.get("note", "")[:4000],
        )
        adjudicating.adjudicate(request.person, disagreement.pk, request.project, ruling)
    except ValueError:
        return _page(request, disagreement, error=_("The form is incomplete; reload the page."), status=422)
    except Refused as refusal:
        return _page(request, disagreement, error=refusal.sentence, status=refusal.status)
    following = adjudicating.open_for(request.person, request.project).filter(pk__gt=disagreement.pk).first()
    messages.success(request, _("Settled. The label is gold now."))
    if "next" in request.POST and following is not None:
        return redirect("dispute", request.project.slug, following.pk)
    return redirect("dispute", request.project.slug, disagreement.pk)


def _page(request: Request, disagreement: Disagreement, *, error: str = "", status: int = 200) -> HttpResponse:
    pair, project = disagreement.pair, request.project
    snapshot = pair.item.current_snapshot
    assert snapshot is not None, "a judged pair has a snapshot"
    value = display.grid_value(grids.grid_of(pair, snapshot))
    assert value is not None, "grid_of always answers with a grid"
    rule_base = active_rule_base(project)
    routed = routed_rules(pair.facts(snapshot), value, specs_today(rule_base), ON_A_CARD) if rule_base else ()
    is_open = disagreement.state == Disagreement.State.OPEN
    is_hidden = not is_open and bool(hidden_opinions.still_to_judge(request, [pair.pk]))
    context: dict[str, Any] = {
        "project": project,
        "dispute": disagreement,
        "is_open": is_open,
        "is_hidden": is_hidden,
        "query": pair.query,
        "item": display.item(project, snapshot, value),
        "grid": display.grid(value, snapshot),
        "unchecked": not gate.is_checked(project, snapshot),
        "chips": display.chips(value),
        "rules": display.routed(routed),
        "views": [] if is_hidden else adjudicating.views_of(disagreement, request.person),
        "labels": display.labels(project.scale),
        "asks_mismatch_for": "L2" if project.scale_name == "lore-4" else "",
        "mismatches": card.mismatches(value),
        "idempotency_key": uuid.uuid4(),
        "own_case": is_open and adjudicating.is_own_case(request.person, disagreement),
        "ruling": None if is_open or is_hidden else _ruling(pair),
        "error": error,
    }
    return render(request, "annotation/gold/dispute.html", context, status=status)


def _ruling(pair: Pair) -> Adjudication | None:
    return pair.adjudications.select_related("adjudicator", "rule").order_by("-id").first()


def _dispute(request: Request, dispute_id: int) -> Disagreement:
    rows = Disagreement.objects.select_related(
        "project", "prediction__model", "pair__query", "pair__item__current_snapshot__batch"
    )
    return one(rows.filter(project=request.project), dispute_id)
