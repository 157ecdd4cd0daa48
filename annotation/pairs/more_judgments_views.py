"""More judgments on chosen pairs: choose, see what it would come to, ask, and take back what nobody has taken."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import MoreJudgments
from annotation.pairs import choosing, more_judgments
from annotation.pairs.choosing import Choice
from annotation.pairs.more_judgments import MoreWanted
from catalogue import display
from jobs import heartbeats, leasing
from projects.gates import Request, may
from projects.models import Project
from projects.policy import Permission
from projects.refusals import Refused
from projects.requests import number, one, show

LISTED = 10  # of the last acts
WHICH = ("text", "only", "label", "category", "rule", "fewer")


class MoreForm(forms.Form):
    """Which pairs, and how many judgments more on each. Every field may be left out."""

    text = forms.CharField(label=gettext_lazy("Query, title or id"), max_length=200, required=False)
    only = forms.ChoiceField(label=gettext_lazy("Only"), required=False)
    label = forms.ChoiceField(label=gettext_lazy("Gold label"), required=False)
    category = forms.CharField(
        label=gettext_lazy("Category begins with"), max_length=400, required=False, empty_value=""
    )
    rule = forms.CharField(label=gettext_lazy("People cite the rule"), max_length=20, required=False)
    fewer = forms.IntegerField(
        label=gettext_lazy("Settled by fewer people than"), min_value=2, max_value=9, required=False
    )
    firm = forms.BooleanField(
        label=gettext_lazy("also pairs whose gold is adjudicated or imported: their gold stays"), required=False
    )
    more = forms.IntegerField(
        label=gettext_lazy("Judgments more on each pair"), min_value=1, max_value=9, required=False, initial=1
    )
    most = forms.IntegerField(
        label=gettext_lazy("On so many pairs at most"), min_value=1, max_value=more_judgments.MOST, required=False
    )

    def __init__(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self._choices("only", [("", _("all")), *choosing.names(request.project).items()])
        labels = display.labels(request.project.scale)
        self._choices("label", [("", _("any")), *((one["code"], f"{one['code']} {one['name']}") for one in labels)])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def wanted(self, newest: int) -> MoreWanted:
        """Whoever may still judge chooses by nothing that tells what others have said of a pair they may be asked for."""
        said, roles = self.cleaned_data, self.request.roles
        which = Choice(**{name: said[name] for name in WHICH}, newest=newest)
        judges = may(roles, Permission.JUDGE) or may(roles, Permission.ADJUDICATE)
        which = replace(which, shown=judges and which.tells_opinions)
        return MoreWanted(which, said["more"] or 1, said["firm"], said["most"])


def more(request: Request) -> HttpResponse:
    """GET chooses and shows what it would come to; POST asks for just that."""
    if request.method == "POST":
        return _ask(request)
    form = MoreForm(request, request.GET or None)
    told: dict[str, Any] = {"form": form if form.is_bound else MoreForm(request, initial={"more": 1})}
    if form.is_bound and form.is_valid():
        newest = choosing.newest(request.project)
        try:
            preview = more_judgments.preview(request.project, form.wanted(newest))
            told |= {"preview": preview, "newest": newest, "key": uuid.uuid4(), "roughly": _roughly(preview.seconds)}
        except Refused as refusal:
            told["refusal"] = refusal.sentence
    return _page(request, told, status=422 if form.errors or "refusal" in told else 200)


def take_back(request: Request, act_id: int) -> HttpResponse:
    found = one(MoreJudgments.objects.filter(project=request.project), act_id)
    before = found.taken_back
    act = more_judgments.take_back(found, request.person)
    closed = act.taken_back - before
    if act.state in leasing.LIVE:
        messages.success(request, _("A worker closes them now."))
    else:
        told = ngettext("%(n)d is no longer asked for.", "%(n)d are no longer asked for.", closed)
        messages.success(request, told % {"n": closed})
    return redirect("more-judgments", request.project.slug)


def _ask(request: Request) -> HttpResponse:
    form = MoreForm(request, request.POST)
    newest, key = number(request.POST.get("newest")), _key(request.POST.get("key", ""))
    if newest is None or key is None:
        messages.error(request, _("Look at what it would come to first."))
        return _page(request, {"form": form}, status=422)
    if not form.is_valid():
        return _page(request, {"form": form}, status=422)
    try:
        act = more_judgments.ask(request.project, form.wanted(newest), request.person, key)
    except Refused as refusal:
        return _page(request, {"form": form, "refusal": refusal.sentence}, status=refusal.status)
    if act.state in leasing.LIVE:
        messages.success(request, _("A worker opens them now; people may go on judging."))
    else:
        told = ngettext("%(n)d judgment more is asked for.", "%(n)d judgments more are asked for.", act.slots)
        messages.success(request, told % {"n": act.slots})
    return redirect("more-judgments", request.project.slug)


def _roughly(seconds: float | None) -> str:
    """Whole minutes, from ten hours on whole hours: the median says no more."""
    if seconds is None:
        return "–"
    minutes = max(1, round(seconds / 60))
    if minutes < 600:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return ngettext("%(n)s hour", "%(n)s hours", round(minutes / 60)) % {"n": round(minutes / 60)}


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _page(request: Request, told: dict[str, Any], *, status: int = 200) -> HttpResponse:
    acts = list(
        MoreJudgments.objects.filter(project=request.project).select_related("asked_by").order_by("-pk")[:LISTED]
    )
    still = more_judgments.still_open(acts)
    context = {
        "project": request.project,
        "acts": [_act(request.project, act, still.get(act.pk, 0)) for act in acts],
        "ended": not any(act.state in leasing.LIVE for act in acts),
        "presence": heartbeats.presence(),
        "numbers": more_judgments.NUMBERS,
        **told,
    }
    return show(request, "annotation/pairs/more_judgments.html", context, part="acts", status=status)


def _act(project: Project, act: MoreJudgments, still_open: int) -> dict[str, Any]:
    return {"row": act, "which": _which(project, act), "open": still_open, "live": act.state in leasing.LIVE}


def _which(project: Project, act: MoreJudgments) -> list[tuple[str, str]]:
    """What was chosen, as the form asked for it: (name of the field, what was said)."""
    said = dict(act.chosen)
    told = []
    for name in WHICH:
        if value := said.get(name):
            read = choosing.names(project).get(value, "") if name == "only" else str(value)
            told.append((str(MoreForm.base_fields[name].label), read))
    if said.get("firm"):
        told.append(("", _("also where gold is adjudicated or imported")))
    if act.most:
        told.append((str(MoreForm.base_fields["most"].label), str(act.most)))
    return told
