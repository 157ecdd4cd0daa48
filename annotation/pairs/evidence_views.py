"""Where people say that evidence is wrong: the reading of a query, a cell of a pair's grid. With what was said before.

From the page of a pair by who may read pairs, from a card by whoever holds it; a blind card shows no evidence, so nothing is
said of it from there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.judging import card_rules, queue
from catalogue import display
from catalogue.evidence import correcting, grids, lexicons, readings
from catalogue.models import Grid, Pair
from projects.gates import Request, may
from projects.models import Mode
from projects.policy import Permission
from projects.refusals import Refused
from projects.requests import number, one, there
from relevance.constraints import MAX_CONSTRAINTS, Constraint
from relevance.corrected_cells import CellSaid
from relevance.dimensions import Dimension
from relevance.evidence import EvidenceGrid, Source, Verdict
from relevance.spans import SpanSaid

BLANK = 3  # further pieces that the form offers
SPANS = MAX_CONSTRAINTS + BLANK


def of_pair(request: Request, pair_id: int) -> HttpResponse:
    if not may(request.roles, Permission.SEE_PAIRS):  # who judges alone says it from the card that they hold
        raise Http404
    rows = Pair.objects.select_related("project", "query", "item__current_snapshot")
    pair = one(rows.filter(project=request.project), pair_id)
    return _page(request, pair, grids.grid_of(pair, there(pair.item.current_snapshot)))


def of_card(request: Request, token: UUID) -> HttpResponse:
    lease = there(queue.shown(request.project).filter(token=token, person=request.person).first())
    if lease.mode == Mode.BLIND:
        raise Http404
    return _page(request, lease.pair, card_rules.grid_on_the_card(lease), token)


def _page(request: Request, pair: Pair, grid: Grid, token: UUID | None = None) -> HttpResponse:
    status = 200
    if request.method == "POST":
        try:
            messages.success(request, _take(request, pair, grid))
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            status = refusal.status
        else:
            return redirect(request.path)
    return render(request, "annotation/pairs/evidence_wrong.html", _context(request, pair, grid, token), status=status)


def _take(request: Request, pair: Pair, grid: Grid) -> str:
    """What a reader is told. Raises Refused."""
    act = request.POST.get("act", "")
    if act == "reading":
        correcting.correct_reading(pair.query, _spans(request), request.person)
        return _("Kept. The query is read so from now on, in all its pairs; a card that is held stays as it is.")
    if act == "reading-back":
        correcting.take_back_reading(pair.query, request.person)
        return _("Taken back. The query is read again as if nobody had said anything of it.")
    if act == "cell":
        correcting.correct_cell(pair, grid, _cell(request, grid), request.person)
        return _("Kept. The cell says so from now on; a card that is held stays as it is.")
    if act == "cell-back":
        said = one(pair.cell_corrections.select_related("pair__query", "grid"), request.POST.get("correction"))
        correcting.take_back_cell(said, request.person)
        return _("Taken back. What the product found stands again.")
    raise Http404


def _spans(request: Request) -> list[SpanSaid]:
    """The pieces whose text is not empty, in the order of the form."""
    texts, dimensions = (request.POST.getlist(name)[:SPANS] for name in ("text", "dimension"))
    negated, purposes = (set(request.POST.getlist(name)) for name in ("negated", "for"))
    head = request.POST.get("head", "")
    return [
        SpanSaid(text, dimension, str(n) == head, str(n) in negated, "for" if str(n) in purposes else "")
        for n, (text, dimension) in enumerate(zip(texts, dimensions, strict=False))
        if text.strip()
    ]


def _cell(request: Request, grid: Grid) -> CellSaid:
    rows = EvidenceGrid.from_json(grid.body).rows
    place = number(request.POST.get("row"))
    try:
        row = rows[-1 if place is None else place]
        source, verdict = Source(request.POST.get("source", "")), Verdict(request.POST.get("verdict", ""))
    except (IndexError, ValueError):
        raise Refused("no_such_cell", _("The grid holds no such cell."), status=422) from None
    literal = " ".join(request.POST.get("literal", "").split())
    return CellSaid(row.constraint.kind.value, row.constraint.text, source, verdict, literal)


def _context(request: Request, pair: Pair, grid: Grid, token: UUID | None) -> dict[str, Any]:
    value = EvidenceGrid.from_json(grid.body)
    lexicon = lexicons.current(request.project)
    asked = readings.get_or_make({pair.query_id: pair.query.text}, lexicon)[pair.query_id].constraints
    told = correcting.history(pair)
    return {
        "project": request.project,
        "pair": pair,
        "token": token,
        "grid": display.grid(value, grid.snapshot),
        "read_by": display.read_by(grid),
        "spans": [*map(_span, asked), *[_span(None)] * BLANK][:SPANS],
        "dimensions": [(one.value, display.dimension_name(one)) for one in Dimension],
        "sources": [one.value for one in Source],
        "verdicts": [one.value for one in Verdict],
        "by_person": bool(told.of_reading and told.of_reading[0].reading_id),
        "of_reading": [
            (row, [one["text"] for one in row.reading.body] if row.reading else []) for row in told.of_reading
        ],
        "of_cells": [(row, _still_says(row, told.of_cells)) for row in told.of_cells],
        "may_correct": may(request.roles, Permission.JUDGE),
    }


def _still_says(row: Any, newest_first: list[Any]) -> bool:
    """Whether this correction is what its cell says now."""
    same = (
        one for one in newest_first if (one.dimension, one.text, one.source) == (row.dimension, row.text, row.source)
    )
    return bool(row.verdict) and next(same).pk == row.pk


def _span(wish: Constraint | None) -> dict[str, Any]:
    if wish is None:
        return {"text": "", "dimension": "", "head": False, "negated": False, "for": False}
    return {
        "text": wish.text,
        "dimension": wish.kind.value,
        "head": wish.head,
        "negated": wish.negated,
        "for": wish.role == "for",
    }
