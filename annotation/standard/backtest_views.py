"""Back-tests of drafts and the replay sets they are held to: started here, done by a worker, read as a table of flips."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import BackTest, ReplaySet
from annotation.standard import backtesting, replaying, sampled_backtesting
from annotation.standard.backtesting import Sample
from catalogue.models import Pair
from inference.registry import registry
from inference.registry.basis import Basis
from jobs import heartbeats, leasing
from projects.audit import record
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import CHOICES, chosen, one, page, show
from relevance.labels import LORE
from rules.drafting import digest_of_draft
from rules.models import RuleDraft

PAGE = 50


class SampleForm(forms.Form):
    """Which model is asked, about how many pairs; only one that reads the rules' words can be."""

    model = forms.ModelChoiceField(
        registry.living().exclude(prompt=None).exclude(role="captioner").order_by("-pk"),
        label=gettext_lazy("Model"),
        empty_label=gettext_lazy("choose a model"),
    )
    sample = forms.IntegerField(
        label=gettext_lazy("Pairs"),
        min_value=sampled_backtesting.FEWEST,
        max_value=sampled_backtesting.MOST,
        initial=sampled_backtesting.USUAL,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["model"]
        assert isinstance(field, forms.ModelChoiceField) and field.queryset is not None
        field.queryset = field.queryset.filter(pk__in=list(field.queryset.values_list("pk", flat=True)[:CHOICES]))

    def cost(self) -> sampled_backtesting.BackTestCost:
        return sampled_backtesting.cost(self.cleaned_data["model"], self.cleaned_data["sample"])


def backtests(request: Request) -> HttpResponse:
    if request.method == "POST":
        return _start(request)
    return _list(request)


def _list(request: Request, *, status: int = 200) -> HttpResponse:
    live = (RuleDraft.State.OPEN, RuleDraft.State.REVIEW)
    sampling = SampleForm(request.GET if "model" in request.GET else None)
    rows = BackTest.objects.filter(project=request.project).select_related("draft", "model", "requested_by")
    listed = page(rows, request, PAGE)
    context = {
        "project": request.project,
        "tests": listed.rows,
        "older_url": listed.older_url,
        "drafts": RuleDraft.objects.filter(state__in=live).order_by("-pk")[:CHOICES],
        "chosen": request.GET.get("draft", ""),
        "sampling": sampling,
        "cost": sampling.cost() if sampling.is_valid() else None,
        "replay_sets": ReplaySet.objects.filter(project=request.project).order_by("-number")[:PAGE],
        "presence": heartbeats.presence(),
    }
    return render(request, "annotation/standard/backtests.html", context, status=status)


def backtest(request: Request, test_id: int) -> HttpResponse:
    test = _test(request, test_id)
    result = test.result or {}
    context = {
        "project": request.project,
        "test": test,
        "ended": test.state not in leasing.LIVE,
        "result": result,
        "figures": _figures(result),
        "basis": _basis(test, result),
        "matrix": _matrix(result),
        "examples": _examples(result),
        "current": test.digest == digest_of_draft(test.draft),
        "presence": heartbeats.presence(),
    }
    return show(request, "annotation/standard/backtest.html", context, part="watch")


def cancel(request: Request, test_id: int) -> HttpResponse:
    test = _test(request, test_id)
    if leasing.cancel(BackTest.objects.filter(pk=test.pk)):
        record(request.person, "rules.back_test_cancelled", project=request.project, on=test)
    return redirect("backtest", request.project.slug, test.pk)


def freeze(request: Request) -> HttpResponse:
    """Today's gold as the next replay set."""
    try:
        made = replaying.freeze(request.project, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _list(request, status=refusal.status)
    messages.success(request, _("%(pairs)s gold pairs are frozen as a replay set.") % {"pairs": made.size})
    return redirect("backtests", request.project.slug)


def _start(request: Request) -> HttpResponse:
    draft = chosen(RuleDraft.objects.select_related("base"), request.POST.get("draft"))
    sampling = SampleForm(request.POST)
    try:
        if draft is None:
            raise Refused("no_draft", _("Choose a draft."))
        if request.POST.get("kind") != BackTest.Kind.MODEL:
            test = backtesting.start(draft, request.project, request.person)
        elif sampling.is_valid():
            given = sampling.cleaned_data
            sample = Sample(given["model"], given["sample"])
            test = backtesting.start(draft, request.project, request.person, sample)
        else:
            raise Refused("no_sample", _("Choose a model and a sample."))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _list(request, status=refusal.status)
    return redirect("backtest", request.project.slug, test.pk)


def _basis(test: BackTest, result: dict[str, Any]) -> Basis | None:
    """None of a test of before results said what they are of."""
    return Basis.read(result["basis"], test.model or "") if "basis" in result else None


def _matrix(result: dict[str, Any]) -> list[tuple[str, list[tuple[str, int]]]]:
    """before -> [(after, how many)], without the diagonal's counts, which are no flips."""
    flips = result.get("by_direction", {})
    return [(a, [(b, flips.get(f"{a}->{b}", 0)) for b in LORE.codes]) for a in LORE.codes]


def _figures(result: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """(name, kind, before, after) of each figure there is."""
    if not result:
        return []
    names = {"gold": _("Agreement with gold"), "people": _("Agreement with people")}
    kinds = (("percent", "percent", "%"), ("kappa_quadratic", "number", _("quadratic kappa")))
    before, after = result["agreement_before"], result["agreement_after"]
    rows = [
        (f"{names[whose]}, {shown}", kind, before[whose][name], after[whose][name])
        for whose in before
        for name, kind, shown in kinds
    ]
    return [*rows, ("GoodRate", "percent", result["good_rate_before"], result["good_rate_after"])]


def _examples(result: dict[str, Any]) -> list[tuple[str, str, list[Pair]]]:
    """(before, after, pairs) of each direction that has flips."""
    shown = result.get("examples", {})
    ids = {pk for some in shown.values() for pk in some}
    pairs = Pair.objects.filter(pk__in=ids).select_related("query", "item__current_snapshot").in_bulk()
    found = []
    for direction, some in shown.items():
        before, _arrow, after = direction.partition("->")
        found.append((before, after, [pairs[pk] for pk in some if pk in pairs]))
    return found


def _test(request: Request, test_id: int) -> BackTest:
    rows = BackTest.objects.filter(project=request.project).select_related("draft__base", "model", "requested_by")
    return one(rows, test_id)
