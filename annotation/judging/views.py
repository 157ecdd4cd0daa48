"""The judging card: take, look ahead, answer, later, flag, draft, renew, undo, leave.

A page holds the next card ready and shows it at the key press; it then says with the answer which card that was
(`shown`), and is answered with the one after it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.bad_cases import following
from annotation.judging import card, drafts, queue, recording
from annotation.models import BadCase, Lease
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import by_htmx, show, there


def judge(request: Request) -> HttpResponse:
    return _card(request, queue.take(request.person, request.project))


def ahead(request: Request, token: UUID) -> HttpResponse:
    """The card after the one on the screen, to be held ready."""
    try:
        return _card(request, queue.ahead(request.person, request.project, token), is_ahead=True)
    except queue.NotHeld:
        _lease(request, token)  # what never was this person's is absent; what was, is over
        return HttpResponse(status=204)


def submit(request: Request, token: UUID) -> HttpResponse:
    try:
        answer = recording.read_answer(request.POST, request.project)
        recorded = recording.submit(request.person, request.project, token, answer)
    except recording.BadAnswer as error:
        return _refused(request, f"{error.field}: {error.reason}", 422)
    except Refused as refusal:
        return _refused(request, refusal.sentence, refusal.status)
    except Lease.DoesNotExist:
        raise Http404 from None
    if recorded.judgment.late:
        messages.info(request, _("Your time on that pair had run out; the answer is kept and marked late."))
    if recorded.reveal is not None:
        shown = card.card(recorded.lease, request.project, own=recorded.judgment, reveal=recorded.reveal)
        return _render(request, shown)
    return _following(request)


def later(request: Request, token: UUID) -> HttpResponse:
    queue.postpone(_lease(request, token))
    return _following(request)


def draft(request: Request, token: UUID) -> HttpResponse:
    note = request.POST.get("note", "")[: drafts.MAX_NOTE]
    drafts.save(request.person, _lease(request, token), {"note": note})
    return HttpResponse(status=204)


def renew(request: Request, token: UUID) -> HttpResponse:
    lease = _lease(request, token)
    if not queue.renew(lease, request.project):
        return HttpResponse(status=409)
    queue.renew_ahead(lease, request.project)
    return HttpResponse(status=204)


def flag(request: Request, token: UUID) -> HttpResponse:
    """Opens a bad case; the pair stays to be judged."""
    lease = _lease(request, token)
    cause = request.POST.get("reason", "")
    try:
        following.open_case(request.person, lease.pair, cause=cause, note=request.POST.get("note", ""))
    except Refused as refusal:
        return _refused(request, refusal.sentence, refusal.status)
    messages.success(request, _("Flagged. The bad case is open."))
    revealed = recording.revealed(lease)
    if revealed is not None:
        return _render(request, card.card(lease, request.project, own=revealed.judgment, reveal=revealed.reveal))
    return _card(request, lease) if lease.state == Lease.State.LIVE else _next(request)


def undo(request: Request) -> HttpResponse:
    lease = recording.undo(request.person, request.project, came_from=_token(request, "token"))
    if lease is None:
        messages.info(request, _("There is nothing to undo."))
        return _next(request)
    return _card(request, lease) if by_htmx(request) else redirect("judge", request.project.slug)


def leave(request: Request) -> HttpResponse:
    """Give back what is held, so that nobody waits for the lease to end."""
    for lease in Lease.objects.filter(
        person=request.person, slot__project=request.project, state=Lease.State.LIVE
    ).select_related("slot"):
        queue.give_back(lease)
    return HttpResponse(status=204) if by_htmx(request) else redirect("project", request.project.slug)


def _token(request: Request, name: str) -> UUID | None:
    token = request.POST.get(name, "")
    try:
        return UUID(token) if token else None
    except ValueError:
        raise Http404 from None


def _lease(request: Request, token: UUID) -> Lease:
    return there(queue.shown(request.project).filter(token=token, person=request.person).first())


def _following(request: Request) -> HttpResponse:
    """What comes after the card that the page shows already; where that is this person's no more, what is theirs now."""
    on_screen = _token(request, "shown")
    if on_screen is None or not by_htmx(request):
        return _next(request)
    try:
        lease = queue.ahead(request.person, request.project, on_screen)
    except queue.NotHeld:
        return _next(request)
    return _card(request, lease, is_ahead=True)


def _next(request: Request) -> HttpResponse:
    """With htmx the next card itself; without, a redirect so that a reload does not post again."""
    return judge(request) if by_htmx(request) else redirect("judge", request.project.slug)


def _card(request: Request, lease: Lease | None, *, is_ahead: bool = False) -> HttpResponse:
    return _render(request, card.card(lease, request.project) if lease else None, is_ahead=is_ahead)


def _render(request: Request, shown: dict[str, Any] | None, *, is_ahead: bool = False) -> HttpResponse:
    context = {
        "card": shown,
        "ahead": is_ahead,
        "project": request.project,
        "progress": card.progress(request.person, request.project, precise=shown is None),
        "history": card.history(request.person, request.project),
        "urls": card.standing_urls(request.project),
        "flag_reasons": [(code, name) for code, name in BadCase.Cause.choices if code],
    }
    return show(request, "annotation/judging/judge.html", context, part="card")


def _refused(request: Request, message: str, status: int) -> HttpResponse:
    if by_htmx(request):
        return render(request, "annotation/judging/judge.html#refused", {"message": message}, status=status)
    messages.error(request, message)
    return redirect("judge", request.project.slug)
