"""The members of a project, its audit log, and the installation's."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import membership, role_offers
from projects.forms import AuditFilterForm, MemberForm
from projects.gates import Request
from projects.models import AuditEvent, Membership, Person, Project
from projects.refusals import Refused
from projects.requests import one, page
from projects.views.home import ROLE_MEANING

PAGE = 50


def _membership(project: Project, membership_id: int) -> Membership:
    return one(Membership.objects.select_related("person", "project").filter(project=project), membership_id)


def members(request: Request) -> HttpResponse:
    form = MemberForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            added = membership.add_or_offer(request.project, **form.cleaned_data, actor=request.person)
        except Refused as refusal:
            form.add_error("username", refusal.sentence)
        else:
            messages.success(
                request, _("Added.") if added else _("Invited: whoever has this user name is asked on their home page.")
            )
            return redirect("members", request.project.slug)
    return _members_page(request, form, status=422 if form.is_bound else 200)


def remove(request: Request, membership_id: int) -> HttpResponse:
    row = _membership(request.project, membership_id)
    try:
        membership.remove_role(row, actor=request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _members_page(request, MemberForm(), status=refusal.status)
    messages.success(request, _("Removed."))
    return redirect("members", request.project.slug)


def withdraw(request: Request, offer_id: int) -> HttpResponse:
    role_offers.withdraw(one(role_offers.waiting_in(request.project), offer_id), actor=request.person)
    messages.success(request, _("Withdrawn."))
    return redirect("members", request.project.slug)


def _members_page(request: Request, form: MemberForm, *, status: int) -> HttpResponse:
    shown = membership.members_of(request.project, request.GET.get("after", ""), PAGE)
    offers = page(role_offers.waiting_in(request.project), request, PAGE)
    context = {
        "form": form,
        "members": shown.rows,
        "older_url": "?" + urlencode({"after": shown.after}) if shown.after else "",
        "offers": offers.rows,
        "offers_older": offers.older_url,
        "roles_explained": [(role.label, meaning) for role, meaning in ROLE_MEANING.items()],
    }
    return render(request, "projects/members.html", context, status=status)


def audit(request: Request) -> HttpResponse:
    return _audit_page(request, request.project)


def installation_audit(request: Request) -> HttpResponse:
    """What was done, and refused, outside of any project."""
    return _audit_page(request, None)


def _audit_page(request: Request, project: Project | None) -> HttpResponse:
    form = AuditFilterForm(request.GET, project=project)
    if not form.is_valid():
        return render(request, "projects/audit.html", {"form": form, "events": []}, status=400)
    act, before = form.cleaned_data["act"], form.cleaned_data["before"]
    events = _events(project, act, before)
    context = {
        "form": form,
        "events": _with_names(events[:PAGE]),
        "newer_url": "?" + urlencode({"act": act}) if before else "",
        "older_url": "?" + urlencode({"act": act, "before": events[PAGE - 1].pk}) if len(events) > PAGE else "",
    }
    return render(request, "projects/audit.html", context)


def _with_names(events: list[AuditEvent]) -> list[tuple[AuditEvent, str, list[tuple[str, str]]]]:
    """Each with how the person is called now whom it names by number (an event itself tells no name), and its detail to read."""
    numbers = {event.object_id for event in events if event.object_kind == "person" and event.object_id}
    called = {str(one.pk): one.username for one in Person.objects.filter(pk__in=numbers)}
    about = {event.pk: called.get(event.object_id, "") if event.object_kind == "person" else "" for event in events}
    return [
        (event, about[event.pk], [(name, _to_read(value)) for name, value in event.detail.items()]) for event in events
    ]


def _to_read(value: object) -> str:
    """What an event holds, without the signs of JSON."""
    if isinstance(value, dict):
        if value.keys() == {"from", "to"}:
            return f"{_to_read(value['from'])} → {_to_read(value['to'])}"
        return ", ".join(f"{name} {_to_read(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_to_read, value))
    return "–" if value is None or value == "" else str(value)


def _events(project: Project | None, act: str, before: int | None) -> list[AuditEvent]:
    """One page and one row more, newest first, by key: no count over the log."""
    events = AuditEvent.objects.filter(project=project).select_related("actor").order_by("-pk")
    if act:
        events = events.filter(act=act)
    if before:
        events = events.filter(pk__lt=before)
    return list(events[: PAGE + 1])
