"""Bad cases: the list, one case with its history, flagging a pair from its page."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.bad_cases import following as activity
from annotation.models import BadCase
from catalogue import display
from catalogue.models import Pair
from projects.gates import Request, may
from projects.models import Person
from projects.policy import Permission
from projects.refusals import Refused
from projects.requests import chosen, one, page

PAGE = 50


def bad_cases(request: Request) -> HttpResponse:
    state = request.GET.get("state", "open")
    cause = request.GET.get("cause", "")
    owner = request.person if request.GET.get("owner") == "me" else None
    rows = activity.cases(
        request.project,
        state=state if state in BadCase.State.values else "",
        cause=cause if cause in BadCase.Cause.values else "",
        owner=owner,
        reported_by=_reported_by(request),
    )
    filters = {"state": state, "cause": cause, **({"owner": "me"} if owner else {})}
    found = page(rows, request, PAGE, filters=filters)
    context = {
        "project": request.project,
        "cases": found.rows,
        "state": state,
        "cause": cause,
        "owner": "me" if owner else "",
        "causes": BadCase.Cause.choices,
        "older_url": found.older_url,
    }
    return render(request, "annotation/bad_cases/bad_cases.html", context)


def bad_case(request: Request, case_id: int) -> HttpResponse:
    case = _case(request, case_id)
    if request.method == "POST":
        try:
            _act(request, case)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return _page(request, case, status=refusal.status)
        return redirect("bad-case", request.project.slug, case.pk)
    return _page(request, case)


def _page(request: Request, case: BadCase, *, status: int = 200) -> HttpResponse:
    notes = page(case.notes.select_related("author"), request, PAGE)
    context = {
        "project": request.project,
        "case": case,
        "item": display.item(request.project, case.snapshot),
        "notes": notes.rows[::-1],
        "older_url": notes.older_url,
        "causes": [choice for choice in BadCase.Cause.choices if choice[0]],
        "members": _members(request),
        "may_see_names": may(request.roles, Permission.SEE_NAMES),
        "may_triage": may(request.roles, Permission.TRIAGE),
        "may_see_pair": may(request.roles, Permission.SEE_PAIRS),
    }
    return render(request, "annotation/bad_cases/bad_case.html", context, status=status)


def open_case(request: Request) -> HttpResponse:
    given = request.POST
    rows = Pair.objects.select_related("item", "project").filter(project=request.project)
    if not may(request.roles, Permission.SEE_PAIRS):
        rows = activity.given_to(request.person, rows)  # else a case of one's own would show any pair by its number
    pair = one(rows, given.get("pair"))
    case = activity.open_case(request.person, pair, cause=given.get("cause", ""), note=given.get("note", ""))
    if case.reported_by_id != request.person.pk and not may(request.roles, Permission.TRIAGE):
        messages.success(request, _("Flagged: your note stands in a case that someone opened before."))
        return redirect("bad-cases", request.project.slug)
    return redirect("bad-case", request.project.slug, case.pk)


def _act(request: Request, case: BadCase) -> None:
    """One button of the case page."""
    act, text = request.POST.get("act", ""), request.POST.get("text", "")
    if act == "note":
        activity.add_note(case, request.person, text)
    elif act == "assign":
        activity.assign(case, request.person, _owner(request))
    elif act == "cause":
        activity.name_cause(case, request.person, request.POST.get("cause", ""))
    elif act == "close":
        activity.close(case, request.person, text)
    elif act == "reopen":
        activity.reopen(case, request.person, text)
    else:
        raise Http404


def _owner(request: Request) -> Person | None:
    """A member, or nobody where none is named; an unknown number and a stranger's are answered alike."""
    asked = request.POST.get("owner", "")
    return (chosen(_members(request), asked) or activity.refuse_owner()) if asked else None


def _members(request: Request) -> QuerySet[Person]:
    """Whom a case can be given to: who does not see names takes it themselves."""
    rows = Person.objects.filter(memberships__project=request.project, is_active=True).distinct()
    return rows if may(request.roles, Permission.SEE_NAMES) else rows.filter(pk=request.person.pk)


def _reported_by(request: Request) -> Person | None:
    """What others flagged may say how a pair is to be judged: who only judges reads their own cases."""
    return None if may(request.roles, Permission.TRIAGE) else request.person


def _case(request: Request, case_id: int) -> BadCase:
    rows = activity.cases(request.project, state="", reported_by=_reported_by(request))
    return one(rows.select_related("project", "snapshot__batch"), case_id)
