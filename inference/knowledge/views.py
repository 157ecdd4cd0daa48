"""Knowledge: the cards, what a query would be told, one card with its history, cards from a file. Never asks a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from inference.knowledge import file_jobs, history
from inference.knowledge import retrieval as retrieval
from inference.knowledge.files import KnowledgeFileRefused, rejected_csv
from inference.knowledge.forms import LIVE, RETIRED, FilterForm, KnowledgeUploadForm, NewCardForm, WordingForm
from inference.knowledge.history import CardRefused
from inference.models import KnowledgeCard, KnowledgeImport, KnowledgeRevision
from jobs import heartbeats
from jobs.leasing import LIVE as LIVE_STATES
from jobs.models import JobState
from projects.gates import Request, may
from projects.policy import Permission
from projects.requests import CHOICES, one, show
from relevance.facts import fold

PAGE = 50
SHOWN_REJECTED = 50
FILTERS = ("q", "kind", "locale", "state")


def knowledge(request: Request) -> HttpResponse:
    return _list(request, KnowledgeUploadForm())


def bring(request: Request) -> HttpResponse:
    upload = KnowledgeUploadForm(request.POST, request.FILES)
    if not upload.is_valid():
        return _list(request, upload, status=422)
    file = upload.cleaned_data["file"]
    try:
        batch = file_jobs.receive(request.project, file, request.person)
    except KnowledgeFileRefused as refusal:
        upload.add_error("file", str(refusal))
        return _list(request, upload, status=422)
    return redirect("knowledge-imported", request.project.slug, batch.pk)


def imported(request: Request, brought_id: int) -> HttpResponse:
    """How far a file of cards is, and what became of it."""
    batch = _batch(request, brought_id)
    if request.method == "POST":
        if file_jobs.cancel(batch, request.person):
            messages.success(request, _("The import is cancelled. What had gone in stays."))
        return redirect("knowledge-imported", request.project.slug, batch.pk)
    counts = file_jobs.counts_of(batch)
    context = {
        "project": request.project,
        "batch": batch,
        "ended": batch.state not in LIVE_STATES,
        "counts": counts,
        "nothing": counts.why_nothing() if batch.state == JobState.DONE else None,
        "shown": counts.rejected_rows[:SHOWN_REJECTED],
        "presence": heartbeats.presence(),
    }
    return show(request, "inference/knowledge/knowledge_import.html", context, part="watch")


def rejected(request: Request, brought_id: int) -> HttpResponse:
    rows = file_jobs.counts_of(_batch(request, brought_id)).rejected_rows
    headers = {"Content-Disposition": f'attachment; filename="rejected-knowledge-{brought_id}.csv"'}
    return HttpResponse("".join(rejected_csv(rows)), content_type="text/csv; charset=utf-8", headers=headers)


def _batch(request: Request, brought_id: int) -> KnowledgeImport:
    batch = one(KnowledgeImport.objects.filter(project=request.project), brought_id)
    batch.project = request.project
    return batch


def new(request: Request) -> HttpResponse:
    form = NewCardForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (made := _write(request, form)):
        return redirect("knowledge-card", request.project.slug, made.pk)
    context = {"project": request.project, "form": form}
    return render(request, "inference/knowledge/knowledge_new.html", context, status=422 if form.errors else 200)


def card(request: Request, card_id: int) -> HttpResponse:
    found = one(KnowledgeCard.objects.filter(project=request.project).defer("search"), card_id)
    act = request.POST.get("act", "save")
    if request.method == "POST" and act in ("retire", "restore"):
        return _turn(request, found, act)
    form = WordingForm(request.POST if request.method == "POST" else None, card=found)
    if form.is_bound and form.is_valid() and _write(request, form):
        return redirect("knowledge-card", request.project.slug, found.pk)
    context = {
        "project": request.project,
        "card": found,
        "form": form,
        "history": _history(found),
        "may_change": may(request.roles, Permission.KEEP_KNOWLEDGE),
    }
    return render(request, "inference/knowledge/knowledge_card.html", context, status=422 if form.errors else 200)


def _write(request: Request, form: WordingForm) -> KnowledgeCard | None:
    try:
        said, seen = form.cleaned_data["written"], form.cleaned_data["seen"] or 0
        made, outcome = history.add_or_change(request.project, said, request.person, seen=seen)
    except CardRefused as refusal:
        form.refuse(refusal)
        return None
    if outcome == history.SAME:
        messages.info(request, _("The card says this already."))
    else:
        messages.success(request, _("Saved."))
    return made


def _turn(request: Request, found: KnowledgeCard, act: str) -> HttpResponse:
    found.project = request.project
    if act == "retire":
        history.retire(found, request.person)
        messages.success(request, _("The card is retired: no query is told of it any more."))
    else:
        history.restore(found, request.person)
        messages.success(request, _("The card is in use again."))
    return redirect("knowledge-card", request.project.slug, found.pk)


def _list(request: Request, upload: KnowledgeUploadForm, status: int = 200) -> HttpResponse:
    form = FilterForm(request.GET)
    valid = form.is_valid()
    chosen = form.cleaned_data if valid else {}
    query = chosen.get("query", "")
    context = {
        "project": request.project,
        "form": form,
        "upload": upload,
        "query": query,
        "hits": retrieval.retrieve(request.project, query) if query else [],
        "limit": retrieval.LIMIT,
        "may_change": may(request.roles, Permission.KEEP_KNOWLEDGE),
        "any": KnowledgeCard.objects.filter(project=request.project).exists(),
        **(_page(request, chosen) if valid else {"cards": []}),
    }
    return render(request, "inference/knowledge/knowledge.html", context, status=status if valid else 400)


def _page(request: Request, chosen: dict[str, Any]) -> dict[str, Any]:
    """Fifty cards in the order of their keys, after or before the one that the address names."""
    rows = _filtered(request, chosen)
    back = chosen["before"] is not None
    anchor = KnowledgeCard.objects.filter(project=request.project, pk=chosen["before"] or chosen["after"]).first()
    if anchor is not None:
        key, pk = anchor.key_folded, anchor.pk
        sooner = Q(key_folded__lt=key) | Q(key_folded=key, pk__lt=pk)
        later = Q(key_folded__gt=key) | Q(key_folded=key, pk__gt=pk)
        rows = rows.filter(sooner if back else later)
    order = ("-key_folded", "-pk") if back else ("key_folded", "pk")
    found = list(rows.order_by(*order)[: PAGE + 1])
    more = len(found) > PAGE
    cards = found[:PAGE][::-1] if back else found[:PAGE]
    filters = {name: chosen[name] for name in FILTERS if chosen[name]}
    ahead, behind = (anchor is not None, more) if back else (more, anchor is not None)
    return {
        "cards": cards,
        "older_url": f"?{urlencode({**filters, 'after': cards[-1].pk})}" if ahead and cards else "",
        "newer_url": f"?{urlencode({**filters, 'before': cards[0].pk})}" if behind and cards else "",
    }


def _filtered(request: Request, chosen: dict[str, Any]) -> QuerySet[KnowledgeCard]:
    rows = KnowledgeCard.objects.filter(project=request.project).defer("search")
    if chosen["q"]:
        rows = rows.filter(key_folded__contains=fold(chosen["q"]))
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["locale"]:
        rows = rows.filter(locale__iexact=chosen["locale"])
    state = chosen["state"] or LIVE
    return rows.filter(retired=state == RETIRED) if state in (LIVE, RETIRED) else rows


@dataclass(frozen=True)
class CardChange:
    """A revision of a card and the names of what it changed."""

    revision: KnowledgeRevision
    changed: list[str]
    new_text: bool


def _history(found: KnowledgeCard) -> list[CardChange]:
    """Newest first, the last hundred."""
    newest = found.revisions.select_related("written_by").order_by("-number")[:CHOICES]
    revisions = list(newest)[::-1]
    before: Sequence[KnowledgeRevision | None] = [None, *revisions]
    steps = [_step(earlier, revision) for earlier, revision in zip(before, revisions, strict=False)]
    return steps[::-1]


def _step(before: KnowledgeRevision | None, now: KnowledgeRevision) -> CardChange:
    if before is None:
        return CardChange(now, [_("new")], new_text=True)
    names = {"text": _("text"), "source": _("source"), "item_ids": _("items"), "clicks": _("clicks")}
    changed = [name for field, name in names.items() if getattr(before, field) != getattr(now, field)]
    if before.retired != now.retired:
        changed.append(_("retired") if now.retired else _("in use again"))
    return CardChange(now, changed, new_text=before.text != now.text)
