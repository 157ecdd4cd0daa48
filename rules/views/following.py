"""A lead moves the project to another rule base version, or lets it follow the newest."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from projects.gates import Request
from projects.refusals import Refused
from projects.requests import number
from rules import following, publishing


def choose(request: Request) -> HttpResponse:
    """`pin` names a version; without one the project follows. `ask`: what would moving on change?"""
    if "ask" in request.POST:
        following.moved(request.project, request.person)
        return redirect("standard", request.project.slug)
    given = request.POST.get("pin", "")
    wanted = number(given)
    try:
        if given and wanted is None:
            raise Refused("no_such_version", _("There is no such rule base version."), status=409)
        following.choose(request.project, wanted, actor=request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _told(request))
    return redirect("standard", request.project.slug)


def _told(request: Request) -> str:
    rule_base = publishing.active_rule_base(request.project)
    if rule_base is None:
        return _("There are no rules yet.")
    if request.project.rule_base_number is None:
        return _("The project follows the newest rule base version, which is %(number)s.") % {
            "number": rule_base.number
        }
    return _("The project is judged by rule base version %(number)s until you move it.") % {"number": rule_base.number}
