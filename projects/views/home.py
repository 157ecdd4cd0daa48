"""What each person should do next, and the help page."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from projects import archiving, home_cards, membership, role_offers
from projects.forms import MODE_MEANING
from projects.gates import Request, may
from projects.home_cards import HomeCard
from projects.membership import projects_of
from projects.models import Person, Project, Role
from projects.policy import POLICY
from projects.refusals import Refused
from projects.requests import number, one

OFFERS = 20  # shown at once, the newest first
PROJECTS = 20  # whose figures are counted for one page


@dataclass(frozen=True)
class Action:
    """A page of a project and what one does there."""

    url_name: str
    title: str | Promise
    hint: str | Promise


# In the order of the loop.
ACTIONS: tuple[Action, ...] = (
    Action("judge", _("Judge"), _("one pair after the other, one key each")),
    Action("disputes", _("Settle disagreements"), _("two views side by side, one settled label")),
    Action("imports", _("Import"), _("pairs and items from a file")),
    Action("pairs", _("Pairs"), _("search, and see everything known about a pair")),
    Action("knowledge", _("Knowledge"), _("terms, slang and top-clicked items that help to read a query")),
    Action("runs", _("Pre-label"), _("let the model judge, watch it work")),
    Action("models", _("Models"), _("who judges, how well, and how far to believe it")),
    Action("playground", _("Playground"), _("try a prompt on a pair, compare two on gold")),
    Action("bad-cases", _("Bad cases"), _("flagged results: cause, fix, close")),
    Action("hard-sets", _("Hard sets"), _("freeze what people and model find hard")),
    Action("exports", _("Exports"), _("training files and labels, sealed with a manifest")),
    Action("agreement", _("Agreement"), _("people among themselves, and the model against them")),
    Action("evidence", _("Check the evidence"), _("whether the grids are right, category by category")),
    Action(
        "standard", _("The standard"), _("disputed rules, drafts, stale labels, questions: where the rules are weak")
    ),
    Action("backtests", _("Back-tests"), _("what a draft of the rules would flip, before it is published")),
    Action("stale", _("Stale labels"), _("what rests on a rule that reads otherwise now, to be judged again")),
    Action("members", _("Members"), _("who may do what")),
    Action("tokens", _("Service tokens"), _("let a program import, pre-label or export")),
    Action("project-settings", _("Settings"), _("mode, overlap, guideline, rules")),
    Action("audit", _("Audit log"), _("who did what, when")),
)

ROLE_MEANING = {
    Role.LABELER: _("judges pairs and flags bad results"),
    Role.ADJUDICATOR: _("settles disagreements, never their own; judges too"),
    Role.RULE_OWNER: _("keeps the rules: reads where people and model stumble over them"),
    Role.ML_ENGINEER: _("pre-labels, mines hard samples, exports training files"),
    Role.LEAD: _("imports, staffs and steers the project"),
    Role.AUDITOR: _("sees everything, changes nothing"),
}


@dataclass(frozen=True)
class ProjectOnHome:
    project: Project
    role_names: tuple[str, ...]
    cards: list[HomeCard]
    actions: list[Action]


def home(request: Request) -> HttpResponse:
    person = request.person
    archived = not person.is_system_admin and archiving.kept_by(person).exclude(archived_at=None).exists()
    first, held = number(request.GET.get("from")) or 0, projects_of(person)
    context = {
        "mine": [_on_home(person, *one) for one in held[first : first + PROJECTS]],
        "older_url": f"?from={first + PROJECTS}" if len(held) > first + PROJECTS else "",
        "offers": role_offers.waiting_for(person)[:OFFERS],
        "archived": archived,
    }
    return render(request, "projects/home.html", context)


def answer_offer(request: Request, offer_id: int) -> HttpResponse:
    offer = one(role_offers.waiting_for(request.person), offer_id)
    if request.POST.get("answer") == "decline":
        role_offers.decline(offer)
        messages.success(request, gettext("Declined. Nobody is told."))
    elif request.POST.get("answer") == "accept":
        try:
            membership.accept(offer, person=request.person)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, gettext("You are a member of %(project)s.") % {"project": offer.project.name})
    return redirect("home")


def _on_home(person: Person, project: Project, roles: frozenset[Role]) -> ProjectOnHome:
    actions = [action for action in ACTIONS if may(roles, POLICY[action.url_name]["GET"])]
    names = tuple(str(role.label) for role in Role if role in roles)
    cards = [card for found in home_cards.cards(person, project, roles) for card in found]
    return ProjectOnHome(project, names, cards, actions)


def help_page(request: Request) -> HttpResponse:
    context = {
        "roles_explained": [(role.label, meaning) for role, meaning in ROLE_MEANING.items()],
        "modes_explained": [(mode.label, meaning) for mode, meaning in MODE_MEANING.items()],
        "actions": ACTIONS,
    }
    return render(request, "projects/help.html", context)
