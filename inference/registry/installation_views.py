"""The models of the installation, for who runs it: where each answers, and with which model and words new projects start."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from inference.models import ModelVersion, PromptVersion
from inference.prompting import prompt_versions
from inference.registry import first_judgment, registry
from projects.gates import Request
from projects.models import Project
from projects.refusals import Refused
from projects.requests import CHOICES, one

NAMED = 12  # projects of one model; the rest are counted


class ListedModel(NamedTuple):
    model: ModelVersion
    projects: list[Project]
    further: int
    is_default: bool

    @property
    def unusable(self) -> str:
        """Why its answer about the first pair was no judgment, where somebody registered it all the same."""
        first = first_judgment.of(self.model.found)
        return first.sentence if first is not None else ""


def models(request: Request) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    try:
        _choose(request)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _page(request, status=refusal.status)
    return redirect("installation-models")


def _choose(request: Request) -> None:
    """A model for new projects, or none for its role; or the words that they ask in."""
    if request.POST.get("prompt"):
        _choose_prompt(request)
        return
    role = request.POST.get("none", "")
    if role in ModelVersion.Role.values:
        if registry.forget_default(role, request.person):
            messages.success(request, _without(role))
        return
    version = one(registry.living(), request.POST.get("model"))
    registry.make_default(version, request.person)
    told = {"model": version, "role": version.get_role_display()}
    messages.success(request, _without(version.role) if version.cold_start else _starts_with(told))


def _choose_prompt(request: Request) -> None:
    prompt = one(PromptVersion.objects.all(), request.POST.get("prompt"))
    prompt_versions.make_default(prompt, request.person)
    messages.success(request, _("New projects ask in %(name)s.") % {"name": prompt.name})


def _without(role: str) -> str:
    if role == ModelVersion.Role.JUDGE:
        return _("New projects start with the cold start.")
    return _("New projects start without a %(role)s.") % {"role": ModelVersion.Role(role).label}


def _starts_with(told: dict[str, object]) -> str:
    return _("New projects start with %(model)s as their %(role)s.") % told


def _page(request: Request, *, status: int = 200) -> HttpResponse:
    rows = list(registry.listed(None).select_related("prompt").order_by("-id")[:CHOICES])
    where, defaults = registry.active_in(rows), registry.defaults()
    starts_with = {version.pk for version in defaults.values()}
    listed = [
        ListedModel(row, where.get(row.pk, [])[:NAMED], len(where.get(row.pk, [])[NAMED:]), row.pk in starts_with)
        for row in rows
    ]
    context = {
        "listed": sorted(listed, key=lambda one: (one.model.role != "judge", one.model.role, not one.is_default)),
        "defaults": defaults.items(),
        "judge": defaults.get(ModelVersion.Role.JUDGE),
        "prompts": PromptVersion.objects.order_by("-id")[:CHOICES],
        "prompt": prompt_versions.active(),
    }
    return render(request, "inference/registry/installation_models.html", context, status=status)
