"""The page *Check the evidence*: figures and gates, a sample drawn, one pair's cells marked after the other."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.evidence_checks import cells, drawing, gate, marking
from annotation.evidence_checks.drawing import Group
from annotation.models import EvidenceGate, SampledPair
from catalogue import display
from catalogue.models import Grid, Query, Snapshot
from projects.gates import Request
from projects.models import StandingMode
from projects.refusals import Refused
from projects.requests import number, one, page, there
from relevance.cells import Source, Verdict
from relevance.evidence import EvidenceGrid
from relevance.evidence_gate import FEWEST_PAIRS, FEWEST_QUERIES, LEAST_PRECISION, MOST_WRONG

PAGE = 50
LARGEST_SEED = 2**31 - 1
LIMITS = {"pairs": FEWEST_PAIRS, "queries": FEWEST_QUERIES, "wrong": MOST_WRONG, "precision": LEAST_PRECISION}


class DrawForm(forms.Form):
    """How many pairs of which category, by which seed."""

    per_category = forms.IntegerField(
        label=gettext_lazy("Pairs of each category"),
        min_value=1,
        max_value=drawing.MOST_PER_CATEGORY,
        initial=drawing.PER_CATEGORY,
    )
    only = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy("The same seed over the same pairs draws the same ones."),
        min_value=0,
        max_value=LARGEST_SEED,
    )

    def __init__(self, *args: Any, gates: list[EvidenceGate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["only"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *((str(row.pk), name_of(row)) for row in gates)]


def name_of(row: EvidenceGate) -> str:
    if row.together:
        return _("Small categories together")
    return row.category or _("Without a category")


def evidence(request: Request) -> HttpResponse:
    gates = EvidenceGate.objects.filter(project=request.project)
    choices = list(gates.order_by("together", "category")[: PAGE * 2])
    form = DrawForm(request.POST if request.method == "POST" else None, gates=choices, initial=_chance())
    if form.is_bound and form.is_valid():
        try:
            act = drawing.draw(request.project, **_wanted(form, choices), actor=request.person)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            told = _("%(n)s pairs are drawn. People who judge here mark their cells now.") % {"n": act.pairs}
            messages.success(request, told)
            return redirect("evidence", request.project.slug)
    shown = page(gates, request, PAGE, ascending=True)
    now = gate.extractor_now(request.project)
    drawn = SampledPair.objects.filter(project=request.project)
    context = {
        "project": request.project,
        "form": form,
        "gates": [(row, name_of(row), row.extractor == now) for row in shown.rows],
        "older_url": shown.older_url,
        "progress": drawn.aggregate(drawn=Count("*"), checked=Count("pk", filter=Q(checked=True))),
        "limits": LIMITS,
        "extractor": now,
        "by_gate": request.project.mode == StandingMode.BY_GATE,
    }
    status = 422 if form.is_bound else 200
    return render(request, "annotation/evidence_checks/evidence.html", context, status=status)


def category(request: Request, gate_id: int) -> HttpResponse:
    """What was found wrong in a category, with the words of the cells."""
    row = one(EvidenceGate.objects.filter(project=request.project), gate_id)
    after = number(request.GET.get("after")) or 0
    found = row.wrong_cells[after : after + PAGE]
    queries = dict(Query.objects.filter(pairs__in=[cell["pair"] for cell in found]).values_list("pairs", "text"))
    context = {
        "project": request.project,
        "gate": row,
        "name": name_of(row),
        "current": row.extractor == gate.extractor_now(request.project),
        "cells": [(cell, queries.get(cell["pair"], "")) for cell in found],
        "older_url": f"?after={after + PAGE}" if len(row.wrong_cells) > after + PAGE else "",
        "limits": LIMITS,
    }
    return render(request, "annotation/evidence_checks/category.html", context)


def next_pair(request: Request) -> HttpResponse:
    """On to the next pair that nobody has checked; of a category, where one is named."""
    row = EvidenceGate.objects.filter(project=request.project, pk=number(request.GET.get("gate")) or 0).first()
    covers = row.categories if row is not None else None
    after = number(request.GET.get("after")) or 0
    found = marking.next_pair(request.person, request.project, covers=covers, after=after)
    if found is None:
        messages.info(request, _("Every drawn pair is checked."))
        return redirect("evidence", request.project.slug)
    return redirect(_address(request, found.pair_id, row))


def pair(request: Request, pair_id: int) -> HttpResponse:
    drawn = SampledPair.objects.filter(project=request.project, pair__query__erased_at=None)
    rows = drawn.select_related("project", "pair__project", "pair__query", "pair__item__current_snapshot__batch")
    sampled = there(rows.filter(pair=pair_id).first())
    row = EvidenceGate.objects.filter(project=request.project, pk=number(request.GET.get("gate")) or 0).first()
    if request.method == "POST":
        return _store(request, sampled, row)
    marking.open_pair(request.person, request.project, sampled.pair)
    return _page(request, sampled, row)


def undo(request: Request) -> HttpResponse:
    sampled = marking.undo(request.person, request.project)
    if sampled is None:
        messages.info(request, _("There is nothing to undo."))
        return redirect("evidence", request.project.slug)
    return redirect("evidence-pair", request.project.slug, sampled.pair_id)


def _store(request: Request, sampled: SampledPair, row: EvidenceGate | None) -> HttpResponse:
    pair = sampled.pair
    shown = there(
        Grid.objects.filter(
            pk=number(request.POST.get("grid")) or 0, query=pair.query_id, snapshot__item=pair.item_id
        ).first()
    )
    said = {name: str(value) for name, value in request.POST.items() if name.startswith("cell-")}
    missing = (request.POST.get("missing", "").strip(), request.POST.get("source", ""))
    missing = missing if missing[0] else ("", "")
    try:
        marking.store(request.person, request.project, sampled, shown, said, missing)
    except Refused as refusal:
        return _page(request, sampled, row, said=said, error=refusal.sentence, status=refusal.status)
    after = f"&after={pair.pk}" if row is None else f"&gate={row.pk}&after={pair.pk}"
    return redirect(f"{reverse('evidence-next', args=[request.project.slug])}?{after[1:]}")


def _page(
    request: Request,
    sampled: SampledPair,
    row: EvidenceGate | None,
    *,
    said: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    pair = sampled.pair
    snapshot = there(pair.item.current_snapshot)
    grid_id, value = cells.grid_to_check(pair)
    marks = marking.own_marks(request.person, request.project, pair)
    named = {
        cell.name: said.get(cell.name, "") if said else marks.get(cell.reading, "") for cell in cells.placed(value)
    }
    table = display.grid(value, snapshot)
    for at, shown in enumerate(table["rows"]):
        for column, cell in enumerate(shown["cells"]):
            cell["name"] = f"cell-{at}-{column}"
            cell["mark"] = named[cell["name"]]
    drawn = SampledPair.objects.filter(project=request.project)
    if row is not None:
        drawn = drawn.filter(category__in=row.categories)
    context = {
        "project": request.project,
        "pair": pair,
        "grid": table,
        "grid_id": grid_id,
        "item": display.item(request.project, snapshot, value),
        "gate": row,
        "name": name_of(row) if row is not None else "",
        "progress": drawn.aggregate(drawn=Count("*"), checked=Count("pk", filter=Q(checked=True))),
        "again": bool(marks),
        "columns": _columns(value, snapshot),
        "sources": [source.value for source in Source],
        "missing": request.POST.get("missing", ""),
        "error": error,
        "skip_url": f"{reverse('evidence-next', args=[request.project.slug])}?after={pair.pk}"
        + (f"&gate={row.pk}" if row is not None else ""),
    }
    return render(request, "annotation/evidence_checks/check.html", context, status=status)


def _columns(value: EvidenceGrid, snapshot: Snapshot) -> list[str]:
    """The sources that the item has: nothing can be missing in the others."""
    spoken = {cell.source for row in value.rows for cell in row.cells if cell.verdict is not Verdict.SILENT}
    there_is = {Source.TITLE, Source.CPV, *spoken}
    there_is |= ({Source.SKU} if snapshot.skus else set()) | ({Source.CAPTION} if snapshot.images else set())
    return [source.value for source in Source if source in there_is]


def _address(request: Request, pair_id: int, row: EvidenceGate | None) -> str:
    address = reverse("evidence-pair", args=[request.project.slug, pair_id])
    return address if row is None else f"{address}?gate={row.pk}"


def _chance() -> dict[str, int]:
    return {"seed": secrets.randbelow(10_000), "per_category": drawing.PER_CATEGORY}


def _wanted(form: DrawForm, gates: list[EvidenceGate]) -> dict[str, Any]:
    said = form.cleaned_data
    chosen = next((row for row in gates if str(row.pk) == said["only"]), None)
    only = None if chosen is None else Group(chosen.category, tuple(chosen.categories), chosen.together)
    return {"seed": said["seed"], "per_category": said["per_category"], "only": only}
