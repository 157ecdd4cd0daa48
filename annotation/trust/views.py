"""The agreement page: people among themselves, the model as one more person, the model against gold, with intervals."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from django.http import HttpResponse
from django.shortcuts import render

from annotation.trust import agreement as figures
from inference import imported_predictions
from inference.registry import registry
from projects.cached_figures import remembered
from projects.gates import Request


def agreement(request: Request) -> HttpResponse:
    judge = registry.active(request.project)  # by whose key: another model's figures are never shown as its own
    name = f"agreement:{judge.pk if judge is not None else 0}"
    found = remembered(name, request.project, lambda: figures.on_the_page(request.project), size=_seen, seconds=600)
    codes = request.project.scale.codes
    foreign = _foreign_models(request)
    context = {
        "project": request.project,
        "judge": judge,
        "found": found,
        "one_in": found.one_in,
        "foreign_models": foreign,
        "foreign": _of_foreign(request, found.one_in) if request.GET.get("foreign") in foreign else None,
        "codes": codes,
        "confusion": list(zip(codes, getattr(found.model.report, "confusion", ()), strict=False)),
        "classes": [
            (code, people, model)
            for (code, people), (_, model) in zip(
                found.opinions.people.classes, found.opinions.model.classes, strict=True
            )
        ],
    }
    return render(request, "annotation/trust/agreement.html", context)


def _foreign_models(request: Request) -> list[str]:
    several = imported_predictions.count(request.project)
    if not several:
        return []
    names = partial(imported_predictions.names, request.project)
    return remembered("foreign-models", request.project, names, size=lambda _names: several, seconds=600)


def _of_foreign(request: Request, one_in: int) -> figures.MeasuredReport:
    """The foreign model that was asked for by its name, against gold."""
    name = request.GET["foreign"]
    key = f"foreign:{sha256(name.encode()).hexdigest()}"  # the name itself may be no key of a cache
    measure = partial(figures.of_foreign, request.project, name, one_in)
    return remembered(key, request.project, measure, size=lambda found: one_in * found.report.pairs, seconds=600)


def _seen(found: figures.OnThePage) -> int:
    return found.one_in * (found.people.report.pairs + found.model.report.pairs)
