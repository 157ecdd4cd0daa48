"""Comments, questions and unclear spots of rules: made by anyone, answered and settled, listed for the owner."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects.audit import record
from projects.gates import Request
from projects.models import Person
from projects.refusals import Refused
from projects.requests import one, page, there
from relevance.sanitising import storable
from rules import remarks as talking
from rules.models import Rule, RuleRemark
from rules.reviewing import is_rule_owner
from rules.views.rules import rule as rule_page

SHOWN = 30


def remarks(request: Request) -> HttpResponse:
    """Those on the reader's rules, those on the rules of others; `of` asks for one list, a page further on."""
    own = talking.open_for(request.person)
    everyone = RuleRemark.objects.filter(talking.OPEN).exclude(pk__in=own)
    of = request.GET.get("of")
    context = {
        name: page(_told(rows), request, SHOWN, filters={"of": name})
        for name, rows in (("mine", own), ("others", everyone))
        if of not in ("mine", "others") or of == name
    }
    return render(request, "rules/remarks.html", context)


def _told(rows: QuerySet[RuleRemark]) -> QuerySet[RuleRemark]:
    return rows.select_related("rule", "person", "settled_by").prefetch_related("replies__person")


def say(request: Request, code: str) -> HttpResponse:
    rule = _rule(code)
    given = request.POST
    try:
        talking.say(rule, request.person, given.get("kind", ""), given.get("text", ""), given.get("about", ""))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return rule_page(request, code, status=refusal.status)
    messages.success(request, _("The rule's owner sees it."))
    return redirect("rule", code)


def respond(request: Request, remark_id: int) -> HttpResponse:
    """Answer it, or settle it."""
    remark = one(RuleRemark.objects.select_related("rule").filter(answers=None), remark_id)
    try:
        if request.POST.get("act") == "settle":
            talking.settle(remark, request.person)
        else:
            talking.answer(remark, request.person, request.POST.get("text", ""))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return rule_page(request, remark.rule.code, status=refusal.status)
    return redirect("rule", remark.rule.code)


def owner(request: Request, code: str) -> HttpResponse:
    """A rule owner takes a rule over, or hands it to another one."""
    rule = _rule(code)
    person = Person.objects.filter(username=storable(request.POST.get("owner", "")), is_active=True).first()
    if person is None or not is_rule_owner(person):
        messages.error(request, _("Only a rule owner can own a rule."))
        return rule_page(request, code, status=422)
    Rule.objects.filter(pk=rule.pk).update(owner=person)
    record(request.person, "rules.owner_set", on=rule, rule=code, owner=person.pk)
    return redirect("rule", code)


def _rule(code: str) -> Rule:
    return there(Rule.objects.filter(code=code).first())
