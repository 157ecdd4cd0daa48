"""Rule base versions beside each other, and as packs to take away."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from projects.gates import Request
from projects.requests import there
from rules import differing, drafting, publishing
from rules.findings import of_base, of_content
from rules.models import RuleDraft
from rules.packs import dump_pack


class DifferencesForm(forms.Form):
    before = forms.IntegerField(label=_("From version"), min_value=1, max_value=2**31 - 1)
    after = forms.IntegerField(label=_("to version"), min_value=1, max_value=2**31 - 1)


class FindingsForm(forms.Form):
    base = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    draft = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


def differences(request: Request) -> HttpResponse:
    """Between two rule base versions; without any named, between the newest and the one before it."""
    numbers = publishing.rule_base_numbers()
    newest = {"before": numbers[1] if len(numbers) > 1 else None, "after": numbers[0] if numbers else None}
    form = DifferencesForm(request.GET if request.GET else newest)
    context: dict[str, object] = {"form": form, "numbers": numbers}
    if form.is_valid():
        sides = [there(publishing.rule_base_numbered(form.cleaned_data[name])) for name in ("before", "after")]
        context["sides"] = sides
        context["changed"] = differing.between_sets(*(publishing.specs(side) for side in sides))
        context["draft"] = sides[1].made_by.select_related("author", "approver").first()
    return render(request, "rules/differences.html", context)


def findings(request: Request) -> HttpResponse:
    """What the linter says of the newest rule base version, of another one, or of a draft."""
    given = FindingsForm(request.GET)
    if not given.is_valid():
        raise Http404
    draft = RuleDraft.objects.select_related("base").filter(pk=given.cleaned_data["draft"]).first()
    base = given.cleaned_data["base"]
    rule_base = publishing.newest() if base is None else publishing.rule_base_numbered(base)
    if (given.cleaned_data["draft"] and draft is None) or (base and rule_base is None):
        raise Http404
    specs = drafting.specs_of(draft) if draft is not None else publishing.specs(rule_base)
    found = of_content(draft) if draft is not None else of_base(rule_base)
    context = {"findings": found, "draft": draft, "rule_base": rule_base, "known": {spec.code for spec in specs}}
    return render(request, "rules/findings.html", context)


def pack(request: Request, number: int) -> HttpResponse:
    rule_base = there(publishing.rule_base_numbered(number))
    response = HttpResponse(dump_pack(publishing.specs(rule_base)), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rule-base-{number}.yaml"'
    return response
