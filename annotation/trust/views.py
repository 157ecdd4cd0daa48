"""The agreement page: people among themselves, the model as one more person, the model against gold, with intervals."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from annotation.trust import agreement as figures
from inference.registry import registry
from projects.cached_figures import remembered
from projects.gates import Request


def agreement(request: Request) -> HttpResponse:
    judge = registry.active(request.project)  # by whose key: another model's figures are never shown as its own
    name = f"agreement:{judge.pk if judge is not None else 0}"
    found = remembered(name, request.project, lambda: figures.on_the_page(request.project), size=_seen, seconds=600)
    codes = request.project.scale.codes
    context = {
        "project": request.project,
        "judge": judge,
        "found": found,
        "one_in": found.one_in,
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


def _seen(found: figures.OnThePage) -> int:
    return found.one_in * (found.people.report.pairs + found.model.report.pairs)
