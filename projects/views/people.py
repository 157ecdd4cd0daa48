"""The people of the installation: a system admin lets them in, locks them out, and hands them one-time links."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import forgetting, invitations, membership, rule_owners
from projects.forms import LeadForm, NewPersonForm
from projects.gates import Request
from projects.invitations import Invitation
from projects.models import Membership, Person, Role
from projects.refusals import Refused
from projects.requests import one

PAGE = 100


def people(request: Request) -> HttpResponse:
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        invitation = membership.create_person(**form.cleaned_data, actor=request.person)
        return _person_page(request, invitation.person, invitation=invitation, status=201)
    after = request.GET.get("after", "")
    rows = list(Person.objects.filter(username__gt=after).order_by("username")[: PAGE + 1])
    context = {"form": form, "people": rows[:PAGE], "older": rows[PAGE - 1].username if len(rows) > PAGE else ""}
    return render(request, "projects/people.html", context, status=422 if form.is_bound else 200)


def person(request: Request, person_id: int) -> HttpResponse:
    target = one(Person.objects.all(), person_id)
    if request.method != "POST":
        return _person_page(request, target)
    try:
        return _act(request, target, request.POST.get("action", ""))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _person_page(request, target, status=refusal.status)


def forget(request: Request, person_id: int) -> HttpResponse:
    """What forgetting does and does not, to be read before it is done: there is no way back."""
    target = one(Person.objects.all(), person_id)
    status = 200
    if request.method == "POST":
        try:
            called = forgetting.forget(target, typed=request.POST.get("typed", ""), actor=request.person)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            status = refusal.status
        else:
            messages.success(request, _("Forgotten: the person is called %(called)s now.") % {"called": called})
            return redirect("person", target.pk)
    return render(request, "projects/person_forget.html", {"target": target}, status=status)


def _act(request: Request, target: Person, action: str) -> HttpResponse:
    match action:
        case "deactivate":
            membership.deactivate(target, actor=request.person)
            messages.success(request, _("Deactivated: sessions and links have ended."))
        case "reactivate":
            return _person_page(request, target, invitation=membership.reactivate(target, actor=request.person))
        case "link":
            if not target.is_active:
                raise Refused("deactivated", _("Reactivate the person first."), status=409)
            return _person_page(request, target, invitation=invitations.invite(target, actor=request.person))
        case "appoint":
            rule_owners.appoint(target, actor=request.person)
            messages.success(request, _("%(person)s is a rule owner of the installation.") % {"person": target})
        case "dismiss":
            rule_owners.dismiss(target, actor=request.person)
            messages.success(request, _("%(person)s keeps the rules no longer.") % {"person": target})
        case "lead":
            return _name_lead(request, target)
        case _:
            raise Refused("unknown_act", _("Unknown action."), status=409)
    return redirect("person", target.pk)


def _name_lead(request: Request, target: Person) -> HttpResponse:
    form = LeadForm(request.POST, projects=membership.projects_without_lead())
    if not form.is_valid():
        raise Refused("led_already", _("This project has a lead, who names further ones."), status=409)
    project = form.cleaned_data["project"]
    membership.add_role(project, target.username, Role.LEAD, actor=request.person)
    messages.success(request, _("%(person)s leads %(project)s.") % {"person": target, "project": project})
    return redirect("person", target.pk)


def _person_page(
    request: Request, target: Person, *, invitation: Invitation | None = None, status: int = 200
) -> HttpResponse:
    """The link is shown in this answer and nowhere else: only its hash is stored."""
    leaderless = membership.projects_without_lead() if target.is_active else []
    context = {
        "target": target,
        "invitation": invitation,
        "link": request.build_absolute_uri(invitation.path) if invitation else "",
        "memberships": Membership.objects.filter(person=target, project__archived_at=None)
        .select_related("project")
        .order_by("project__name", "role"),
        "lead_form": LeadForm(projects=leaderless) if leaderless else None,
    }
    return render(request, "projects/person.html", context, status=status)
