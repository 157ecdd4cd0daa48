"""The playground: what is sent to a model about one pair and what it says; two prompt versions on a sample of gold."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from catalogue.models import Pair
from inference import prediction_display, unanswered
from inference.models import Comparison, ModelVersion, PromptVersion
from inference.playground import trials as trying
from inference.prompting import prompt_versions
from inference.registry import registry
from jobs import heartbeats
from jobs.models import JobState
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import CHOICES, chosen, number, one, show
from relevance.chain import Chain

PAGE = 20


def playground(request: Request) -> HttpResponse:
    if request.method == "POST":
        return _start(request)
    return render(request, "inference/playground/playground.html", _page(request))


def compare(request: Request) -> HttpResponse:
    given = request.POST
    before, after = _prompt(request, "before"), _prompt(request, "after")
    pairs = number(given.get("pairs")) or 0
    try:
        started = trying.start_comparison(
            request.project, _model(given.get("model", "")), before, after, pairs, request.person
        )
    except Refused as refusal:
        return _refused(request, refusal)
    return redirect("comparison", request.project.slug, started.pk)


def trial(request: Request, trial_id: int) -> HttpResponse:
    rows = request.project.trials.select_related("pair__query", "snapshot", "model", "prompt")
    found = one(rows, trial_id)
    judged = found.judged or {}
    scale = request.project.scale
    context = {
        "project": request.project,
        "trial": found,
        "ended": found.state not in (JobState.QUEUED, JobState.RUNNING, JobState.FAILED),
        "label": scale.from_lore(judged["label"]) if judged.get("label") else "",
        "why_invalid": unanswered.why_invalid(judged.get("reason", "")),
        "posterior": prediction_display.posterior_in(scale, judged.get("posterior") or {}),
        "chain": Chain.model_validate(judged["chain"]) if judged.get("chain") else None,
        "tokens": sum(section["tokens"] for section in found.rendered),
        "presence": heartbeats.presence(),
    }
    return show(request, "inference/playground/trial.html", context, part="watch")


def comparison(request: Request, comparison_id: int) -> HttpResponse:
    rows = Comparison.objects.filter(project=request.project).select_related("before", "after", "model", "project")
    found = one(rows, comparison_id)
    context = {
        "project": request.project,
        "comparison": found,
        "compared": trying.compared(found),
        "presence": heartbeats.presence(),
    }
    return show(request, "inference/playground/comparison.html", context, part="watch")


def _start(request: Request) -> HttpResponse:
    given = request.POST
    pairs = Pair.objects.filter(project=request.project).select_related("project", "item")
    pair = chosen(pairs, given.get("pair"))
    prompt = _prompt(request, "prompt") or prompt_versions.active(request.project)
    try:
        started = trying.start_trial(pair, _model(given.get("model", "")), prompt, request.person)
    except Refused as refusal:
        return _refused(request, refusal)
    return redirect("trial", request.project.slug, started.pk)


def _refused(request: Request, refusal: Refused) -> HttpResponse:
    context = {**_page(request), "refusal": refusal.sentence}
    return render(request, "inference/playground/playground.html", context, status=refusal.status)


def _page(request: Request) -> dict[str, Any]:
    now = prompt_versions.active(request.project)  # the shipped version is a row from the first visit on
    first = Pair.objects.filter(project=request.project).order_by("pk").values_list("pk", flat=True).first()
    living = list(registry.listed(request.project).exclude(role=ModelVersion.Role.CAPTIONER).order_by("-id")[:CHOICES])
    prompts = prompt_versions.read_by(request.person)
    return {
        "project": request.project,
        "models": sorted(living, key=lambda row: row.name),
        "chats": [one for one in living if one.prompt_id is not None],
        "active": registry.active_models(request.project),
        "prompts": [now, *prompts.exclude(pk=now.pk).order_by("-id")[: CHOICES - 1]],
        "prompt_now": now,
        "pair": number(request.GET.get("pair")) or first or "",
        "trials": request.project.trials.filter(comparison=None)
        .select_related("pair__query", "snapshot", "model", "prompt")
        .order_by("-pk")[:PAGE],
        "comparisons": Comparison.objects.filter(project=request.project)
        .select_related("before", "after", "model")
        .order_by("-pk")[:PAGE],
        "presence": heartbeats.presence(),
    }


def _model(given: str) -> ModelVersion | None:
    rows = registry.living().select_related("prompt")
    found: ModelVersion | None = chosen(rows, given)
    return found


def _prompt(request: Request, field: str) -> PromptVersion | None:
    return chosen(prompt_versions.read_by(request.person), request.POST.get(field))
