"""The rule owner's home, where the standard is weak, and the pairs behind each weak spot."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from annotation.gold import hidden_opinions
from annotation.standard import desk, rule_replays, weak_spots
from annotation.standard.weak_spots import PairOpinions, Region
from catalogue.models import Pair
from projects.gates import Request
from projects.requests import by_htmx
from relevance.dimensions import Dimension
from relevance.rules import RuleSpec
from rules.publishing import active_rule_base, specs

PAGE = 100


class WhichForm(forms.Form):
    """A rule by its code, or a region by its dimension and category."""

    rule = forms.CharField(max_length=20, required=False)
    dimension = forms.ChoiceField(choices=[(one.value, one.value) for one in Dimension], required=False)
    category = forms.CharField(max_length=400, required=False, empty_value="")

    def wanted(self, seen: PairOpinions) -> bool:
        if code := self.cleaned_data["rule"]:
            return code in seen.rules
        return self.region in seen.regions

    @property
    def region(self) -> Region:
        return Region(Dimension(self.cleaned_data["dimension"]), self.cleaned_data["category"])


def standard(request: Request) -> HttpResponse:
    """The rule owner's home."""
    context = {"project": request.project, "news": rule_replays.news(request.project)}
    if by_htmx(request):  # how far the replay is
        return render(request, "rules/_standing.html#watch", context)
    context["desk"] = desk.desk(request.project, request.person)
    return render(request, "annotation/standard/standard.html", context)


def spots(request: Request) -> HttpResponse:
    found = weak_spots.weak_spots(request.project)
    context = {"project": request.project, "spots": found, "regions": found.regions[:PAGE]}
    return render(request, "annotation/standard/weak_spots.html", context)


def pairs(request: Request) -> HttpResponse:
    """The disputed pairs of a rule or of a region."""
    form = WhichForm(request.GET)
    if not form.is_valid() or not (form.cleaned_data["rule"] or form.cleaned_data["dimension"]):
        return render(request, "annotation/standard/weak_spot.html", {"project": request.project}, status=400)
    tally, disputed = weak_spots.disputed(request.project, form.wanted, PAGE)
    secret = hidden_opinions.still_to_judge(request, [pair.pk for _seen, pair in disputed])
    found = [(seen.untold() if pair.pk in secret else seen, pair) for seen, pair in disputed]
    held = specs(active_rule_base(request.project))
    code = form.cleaned_data["rule"]
    context = {
        "project": request.project,
        "tally": tally,
        "found": found,
        "secret": secret,
        "code": code,
        "rule": next((spec for spec in held if spec.code == code), None),
        "region": None if code else form.region,
        "rules": [] if code else _rules_of(form.region, held, found),
    }
    return render(request, "annotation/standard/weak_spot.html", context)


def _rules_of(region: Region, held: Sequence[RuleSpec], found: Sequence[tuple[PairOpinions, Pair]]) -> list[RuleSpec]:
    """The region's rules that its disputed pairs rest on."""
    named = {code for seen, _pair in found for code in seen.rules}
    return [spec for spec in held if spec.code in named and spec.dimension is region.dimension]
