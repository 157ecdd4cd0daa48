"""Drafts in the browser: start one, change rules in a form, see what differs, have it published by a second person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.gates import Request, may
from projects.membership import projects_of
from projects.models import Person
from projects.policy import Permission
from projects.refusals import Refused
from projects.requests import CHOICES, by_htmx, chosen, one, page, show
from relevance.identifiers import RULE_CODE, is_identifier
from relevance.rules import RuleError, RuleSpec, parse_rule
from rules import differing, drafting, findings, foretelling, publishing, reviewing, rule_forms, trying
from rules.foretelling import Foretold
from rules.misread_words import in_words
from rules.models import DraftedRule, RuleBaseVersion, RuleDraft
from rules.rule_forms import CaseForms, ClauseForm, RuleForm
from rules.yaml_reading import MOST_BYTES

PAGE = 50
CHANGES_SHOWN = 10
PROBLEMS_SHOWN = 50
FINDINGS_SHOWN = 100
NEW = "new"


class StartForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What the draft is about"), max_length=120)
    why = forms.CharField(
        label=gettext_lazy("Why"), required=False, max_length=2000, widget=forms.Textarea({"rows": 2})
    )
    base = forms.IntegerField(label=gettext_lazy("On top of rule base version"), min_value=1, max_value=2**31 - 1)


def drafts(request: Request) -> HttpResponse:
    newest = publishing.newest()
    form = StartForm(request.POST or None, initial={"base": newest.number if newest else None})
    if request.method == "POST" and form.is_valid():
        base = publishing.rule_base_numbered(form.cleaned_data["base"])
        if base is None:
            form.add_error("base", _("There is no such rule base version."))
        else:
            code = _named(request.POST["rule"]) if request.POST.get("rule") else ""
            draft = drafting.start(base, form.cleaned_data["title"], form.cleaned_data["why"], request.person)
            return _to_rule(draft, code, request.POST) if code else redirect("rule-draft", draft.pk)
    context = {
        "form": form,
        "newest": newest,
        "rule": request.GET.get("rule", ""),
        "dimension": request.GET.get("dimension", ""),
        "drafts": page(RuleDraft.objects.select_related("author", "approver", "base", "published_as"), request, PAGE),
    }
    return render(request, "rules/drafts.html", context, status=422 if form.errors else 200)


def _named(code: str) -> str:
    """A code as a form or an address names it; what is none leads nowhere."""
    if code != NEW and not is_identifier(code, RULE_CODE):
        raise Http404
    return code


def _to_rule(draft: RuleDraft, code: str, given: QueryDict) -> HttpResponse:
    """The form of the rule that the draft was started for; a new one begins with the dimension it is missed in."""
    query = QueryDict(mutable=True)
    if dimension := given.get("dimension"):
        query["dimension"] = dimension
    address = reverse("drafted-rule", args=[draft.pk, code])
    return redirect(f"{address}?{query.urlencode()}" if query else address)


def draft(request: Request, draft_id: int) -> HttpResponse:
    return _page(request, _draft(draft_id))


def act(request: Request, draft_id: int) -> HttpResponse:
    """One of: submit, return, acknowledge, publish, replay, withdraw, rebase, change, retire, take_back."""
    found, person, given = _draft(draft_id), request.person, request.POST
    try:
        match given.get("act", ""):
            case "submit":
                reviewing.submit(found, person)
            case "return":
                reviewing.give_back(found, person, given.get("remark", "")[:2000])
            case "acknowledge":
                findings.acknowledge(found, person, given.getlist("finding"))
            case "publish":
                rule_base = reviewing.publish(
                    found, person, given.get("override_reason", "")[:2000], seen=given.get("seen", "")
                )
                messages.success(
                    request, _("Published as rule base version %(number)s.") % {"number": rule_base.number}
                )
            case "replay":
                asked = reviewing.foretell(found, person)
                messages.success(request, _("Replays asked for: %(count)s.") % {"count": asked})
            case "withdraw":
                drafting.withdraw(found, person)
            case "rebase":
                if changed := reviewing.rebase(found, person):
                    messages.warning(request, _("Look at these again: %(rules)s") % {"rules": ", ".join(changed)})
            case "change":
                return redirect("drafted-rule", found.pk, _named(given.get("rule") or NEW))
            case "retire":
                drafting.retire(found, given.get("rule", ""), person)
            case "take_back":
                drafting.take_back(found, given.get("rule", ""), person)
            case _:
                raise Http404
    except Refused as refusal:
        return _page(request, found, refusal=refusal, status=refusal.status)
    return redirect("rule-draft", found.pk)


def bring(request: Request, draft_id: int) -> HttpResponse:
    """A YAML pack into the draft; what cannot be read is listed, the rest goes in."""
    found = _draft(draft_id)
    upload = request.FILES.get("pack")
    if upload is None or (upload.size or 0) > MOST_BYTES:
        refusal = Refused("bad_pack", _("Choose a pack of at most 1 MB."))
        return _page(request, found, refusal=refusal, status=refusal.status)
    try:
        brought = drafting.bring_pack(found, upload.read().decode("utf-8", "replace"), request.person)
    except Refused as refused:
        return _page(request, found, refusal=refused, status=refused.status)
    except RuleError as error:
        return _page(request, found, refusal=Refused("unreadable", in_words(error)), status=422)
    return _page(request, found, brought=brought)


def drafted_rule(request: Request, draft_id: int, code: str) -> HttpResponse:
    found = _draft(draft_id)
    code = drafting.next_code() if _named(code) == NEW else code
    spec, before, revision = _rule(found, code)
    if request.method == "GET":
        initial = (
            rule_forms.initial_of(spec, revision)
            if spec
            else {"revision": 0, "dimension": request.GET.get("dimension")}
        )
        form = RuleForm(initial=initial)
        cases = CaseForms(initial=rule_forms.initial_cases(spec) if spec else [], prefix="cases")
        return _rule_page(request, found, code, form, cases, before, spec)
    form, cases = RuleForm(request.POST), CaseForms(request.POST, prefix="cases")
    refusal = ""
    if form.is_valid() and cases.is_valid():
        try:
            _save(request, found, code, form.cleaned_data, cases.cleaned_data, before)
        except Refused as refused:
            refusal = refused.sentence
        except RuleError as error:
            refusal = in_words(error)
        else:
            return redirect("rule-draft", found.pk)
    return _rule_page(request, found, code, form, cases, before, spec, refusal=refusal, status=422)


def check(request: Request) -> HttpResponse:
    """What a condition means, and what it makes of a pair that is typed in: nothing is stored."""
    given = request.POST.copy()
    problem = ""
    try:
        data = rule_forms.read_condition(given.get("condition", "")[: rule_forms.MOST_CONDITION])
    except forms.ValidationError as error:
        data, problem = None, str(error.messages[0])
    if not problem and "add" in given:
        clause = ClauseForm(given)
        if clause.is_valid():
            data = rule_forms.with_clause(data, clause.cleaned_data)
            given["condition"] = rule_forms.condition_text(data)
    context = {"text": given.get("condition", ""), "problem": problem, "clause": ClauseForm(given)}
    if not problem:
        context["phrase"] = trying.phrase(data)
        context["tried"] = _tried(given, data)
    return render(request, "rules/_condition.html", {**context, "given": given})


def _tried(given: QueryDict, data: dict[str, Any] | None) -> trying.Tried | None:
    query, title = given.get("try_query", "").strip()[:200], given.get("try_title", "").strip()[:400]
    if not query or not title:
        return None
    try:
        attributes = rule_forms.read_attributes(given.get("try_attributes", "")[:2000])
    except forms.ValidationError:
        attributes = {}
    held = chosen(RuleDraft.objects.all(), given.get("draft"))
    specs = drafting.specs_of(held) if held is not None else publishing.specs(publishing.newest())
    rule = {**trying.BLANK, "code": given.get("code", ""), "effect": given.get("effect"), "label": given.get("label")}
    return trying.try_out(query, title, attributes, data, rule, given.get("precedence", ""), specs)


def _save(
    request: Request,
    found: RuleDraft,
    code: str,
    cleaned: dict[str, Any],
    cases: list[dict[str, Any]],
    before: RuleSpec | None,
) -> None:
    data = rule_forms.data_of(cleaned, cases)
    spec = parse_rule({**data, "code": code, "version": drafting.next_number(code)})
    marked = drafting.with_translation_mark(spec, before, checked=cleaned["checked"])
    drafting.change(found, code, publishing.body_of(marked), cleaned["revision"], request.person)


def _rule(found: RuleDraft, code: str) -> tuple[RuleSpec | None, RuleSpec | None, int]:
    """The rule as the draft has it, as its base has it, and the draft's revision of it."""
    before = next((spec for spec in publishing.specs(found.base) if spec.code == code), None)
    held: DraftedRule | None = found.rules.filter(code=code).first()
    spec = drafting.spec_of(held, drafting.next_number(code)) if held is not None else before
    return spec, before, held.revision if held else 0


def _rule_page(
    request: Request,
    found: RuleDraft,
    code: str,
    form: RuleForm,
    cases: Any,
    before: RuleSpec | None,
    spec: RuleSpec | None,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    text = form["condition"].value()
    text = text if isinstance(text, str) else rule_forms.condition_text(text)
    try:
        phrase, problem = trying.phrase(rule_forms.read_condition(text)), ""
    except forms.ValidationError as error:
        phrase, problem = None, str(error.messages[0])
    context = {
        "draft": found,
        "code": code,
        "form": form,
        "cases": cases,
        "before": before,
        "spec": spec,
        "refusal": refusal,
        "text": text,
        "phrase": phrase,
        "problem": problem,
        "clause": ClauseForm(),
        "given": request.POST,
    }
    return render(request, "rules/drafted_rule.html", context, status=status)


def _page(
    request: Request,
    found: RuleDraft,
    *,
    refusal: Refused | None = None,
    brought: drafting.BroughtPack | None = None,
    status: int = 200,
) -> HttpResponse:
    before, after = publishing.specs(found.base), drafting.specs_of(found)
    foretold = _foretold(request, found) if found.state == RuleDraft.State.REVIEW else None
    live = found.state in (RuleDraft.State.OPEN, RuleDraft.State.REVIEW)
    changes = page(found.rules.all(), request, CHANGES_SHOWN)
    shown = {held.code for held in changes.rows}
    context = {
        "draft": found,
        "changes": changes,
        "changed": differing.between_sets(
            *([spec for spec in specs if spec.code in shown] for specs in (before, after))
        ),
        **(_findings(found, request.person) if live and not by_htmx(request) else {}),
        "moved_on": live and _newest_number() != found.base.number,
        "is_owner": reviewing.is_rule_owner(request.person),
        "is_writer": found.writers.filter(person=request.person).exists(),
        "rules": before,
        "refusal": refusal,
        "brought": brought,
        "problems": brought.problems[:PROBLEMS_SHOWN] if brought else (),
        "more_problems": max(0, len(brought.problems) - PROBLEMS_SHOWN) if brought else 0,
        "live": live,
        "seen": drafting.digest_of_draft(found),
        "foretold": foretold,
        "foretold_ended": foretold is None or foretold.ended,
        "tested_in": [project for project, roles in projects_of(request.person) if may(roles, Permission.SEE_FIGURES)][
            :CHOICES
        ],
    }
    return show(request, "rules/draft.html", context, part="watch", status=status)


def _foretold(request: Request, found: RuleDraft) -> Foretold | None:
    """For those who may publish it."""
    known = foretelling.foretold(found, request.person) if reviewing.is_rule_owner(request.person) else []
    return next(iter(known), None)


def _findings(found: RuleDraft, reader: Person) -> dict[str, Any]:
    blocking, others = findings.of_draft(found)
    acknowledged = list(findings.acknowledged(found))
    mine = {row.key for row in acknowledged if row.person_id == reader.pk}
    told = [(findings.key(one), one, findings.key(one) in mine) for one in others]
    # Without this order the reader of very many would never be shown those that are left.
    told.sort(key=lambda one: one[2])
    return {
        "blocking": blocking[:FINDINGS_SHOWN],
        "findings": told[:FINDINGS_SHOWN],
        "acknowledged": acknowledged[:FINDINGS_SHOWN],
    }


def _newest_number() -> int:
    newest: RuleBaseVersion | None = publishing.newest()
    return newest.number if newest is not None else 0


def _draft(draft_id: int) -> RuleDraft:
    rows = RuleDraft.objects.select_related("author", "approver", "base", "published_as")
    return one(rows, draft_id)
