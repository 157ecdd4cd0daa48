"""Pairs: the list with filters, and everything that is known of one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Case, When
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from annotation.evidence_checks import gate
from annotation.gold import hidden_opinions, opinions
from annotation.judging import card, card_rules
from annotation.models import BadCase
from annotation.pairs import choosing, finding
from annotation.trust import measurable
from catalogue import display
from catalogue.evidence import grids
from catalogue.models import Pair
from inference import prediction_display
from projects.gates import Request, may
from projects.policy import Permission
from projects.requests import CHOICES, number, one, show, there
from rules.publishing import specs


def pairs(request: Request) -> HttpResponse:
    chosen = {
        "text": request.GET.get("text", "")[:200],
        "only": request.GET.get("only", ""),
        "label": request.GET.get("label", ""),
    }
    before, after = number(request.GET.get("before")), number(request.GET.get("after"))
    # Without this the pages of a label would tell by where they begin and end which hidden pairs have it.
    without = hidden_opinions.yet_to_judge(request) if chosen["label"] else None
    page = finding.find(request.project, **chosen, before=before, after=after, without=without)
    secret = hidden_opinions.still_to_judge(request, [one.pk for one in page.pairs])
    names = choosing.names(request.project)
    context = {
        "project": request.project,
        "more_url": f"{reverse('more-judgments', args=[request.project.slug])}?{urlencode(chosen)}",
        "pairs": page.pairs,
        "secret": secret,
        "partial": page.partial,
        "newer_url": f"?{urlencode({**chosen, 'after': page.newer})}" if page.newer else "",
        "older_url": f"?{urlencode({**chosen, 'before': page.older})}" if page.older else "",
        "filters": [(name, names[name]) for name in finding.filters(request.project)],
        "labels": display.labels(request.project.scale),
        **chosen,
    }
    return show(request, "annotation/pairs/pairs.html", context, part="rows")


def pair(request: Request, pair_id: int) -> HttpResponse:
    rows = Pair.objects.select_related("project", "query", "item__current_snapshot__batch")
    found = one(rows.filter(project=request.project), pair_id)
    snapshot = there(found.item.current_snapshot)
    grid = grids.grid_of(found, snapshot)
    value = display.grid_value(grid)
    told = found.predictions.select_related("model", "rule_base", "caption", "guideline")
    standing = opinions.standing_prediction_id(found.pk) or 0  # first, however many others came later
    predictions = list(told.order_by(Case(When(pk=standing, then=0), default=1), "-id")[:10])
    ages = measurable.ages(request.project, predictions)
    judgments = list(found.judgments.select_related("judge__person", "batch").order_by("-id")[:CHOICES])[::-1]
    cited = card_rules.cited_by(judgments)
    context = {
        "project": request.project,
        "pair": found,
        "item": display.item(request.project, snapshot, value),
        "grid": display.grid(value, snapshot) if value else None,
        "chips": display.chips(value) if value else [],
        "unchecked": not gate.is_checked(request.project, snapshot),
        "read_by": display.read_by(grid),
        "may_see_opinions": may_see_opinions(request, found),
        "may_see_names": may(request.roles, Permission.SEE_NAMES),
        "predictions": [
            (
                prediction_display.prediction(
                    row, request.project, specs(row.rule_base), contradictions=card.contradictions()
                ),
                ages.get(row.pk, ""),
            )
            for row in predictions
        ],
        "foreign": found.foreign_predictions.order_by("-batch", "row", "place")[:20],
        "judgments": [(row, cited.get(row.pk, [])) for row in judgments],
        "golds": found.golds.select_related("adjudication__adjudicator", "batch").order_by("-id")[:CHOICES][::-1],
        "disagreements": found.disagreements.order_by("-id")[: CHOICES // 2][::-1],
        "bad_cases": found.bad_cases.order_by("-id")[: CHOICES // 2][::-1],
        "snapshots": found.item.snapshots.count(),
        "causes": [choice for choice in BadCase.Cause.choices if choice[0]],
    }
    return render(request, "annotation/pairs/pair.html", context)


def may_see_opinions(request: Request, pair: Pair) -> bool:
    """Who may still judge or settle this pair must not read here what others and the model said."""
    return not hidden_opinions.still_to_judge(request, [pair.pk])
