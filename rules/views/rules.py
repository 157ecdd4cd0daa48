"""The rule base as people read it: a list to search, and one page per rule. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from projects.gates import Request
from projects.requests import page, there
from projects.rule_owners import rule_owners
from relevance.facts import fold
from relevance.rules import RuleSpec
from relevance.sanitising import storable
from rules import differing, publishing, reading, remarks, rule_forms
from rules.models import Rule, RuleBaseVersion
from rules.reviewing import is_rule_owner

REMARKS_SHOWN = 20


def dimension_choices() -> list[tuple[str, object]]:
    return [("", _("all")), *rule_forms.dimensions()]


class RulesFilterForm(forms.Form):
    """Filters of the list: values only, never names of columns."""

    q = forms.CharField(label=_("Search"), max_length=200, required=False)
    dimension = forms.ChoiceField(label=_("Dimension"), choices=dimension_choices, required=False)
    base = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


@dataclass(frozen=True)
class RuleOnList:
    spec: RuleSpec
    cases: int


def rules(request: Request) -> HttpResponse:
    form = RulesFilterForm(request.GET)
    if not form.is_valid():
        return render(request, "rules/rules.html", {"form": form, "rules": []}, status=400)
    rule_base = _rule_base(form.cleaned_data["base"])
    specs = publishing.specs(rule_base)
    found = matching(specs, form.cleaned_data["q"], form.cleaned_data["dimension"])
    context = {
        "form": form,
        "rule_base": rule_base,
        "numbers": publishing.rule_base_numbers(),
        "rules": [RuleOnList(spec, len(spec.cases)) for spec in found],
        "total": len(specs),
    }
    return render(request, "rules/rules.html", context)


def matching(specs: tuple[RuleSpec, ...], words: str, dimension: str) -> list[RuleSpec]:
    """Every word must stand in the code, a title or a statement, in either language."""
    wanted = fold(words).split()
    return [
        spec
        for spec in specs
        if (not dimension or spec.dimension == dimension) and all(word in _searched(spec) for word in wanted)
    ]


def _searched(spec: RuleSpec) -> str:
    return fold(" ".join((spec.code, *spec.title.values(), *spec.statement.values())))


def rule(request: Request, code: str, *, status: int = 200) -> HttpResponse:
    form = RulesFilterForm({"base": request.GET.get("base")})
    if not form.is_valid():
        raise Http404
    rule_base = _rule_base(form.cleaned_data["base"])
    row = there(Rule.objects.select_related("owner").filter(code=storable(code)).first())
    versions = list(row.versions.select_related("author", "approver", "rule").order_by("-number"))
    spec = next((spec for spec in publishing.specs(rule_base) if spec.code == code), None)
    in_force = spec is not None
    if spec is None:  # retired, or newer than that rule base: its history can still be read
        spec = versions[0].spec
    context = {
        "rule_base": rule_base,
        "rule": spec,
        "in_force": in_force,
        "row": row,
        "remarks": page(remarks.of_rule(row), request, REMARKS_SHOWN, filters=_base(form.cleaned_data["base"])),
        "owners": rule_owners() if is_rule_owner(request.person) else (),
        "condition": reading.condition(spec),
        "effect": reading.effect(spec),
        "history": differing.history(versions),
    }
    return render(request, "rules/rule.html", context, status=status)


def _base(number: int | None) -> dict[str, int]:
    return {} if number is None else {"base": number}


def _rule_base(number: int | None) -> RuleBaseVersion | None:
    """The newest, or the one asked for; None while nothing is loaded."""
    if number is None:
        return publishing.active_rule_base()
    return there(publishing.rule_base_numbered(number))
