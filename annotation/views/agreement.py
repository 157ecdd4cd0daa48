"""The agreement page: people among themselves beside the model against gold, with intervals."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from annotation import figures
from annotation.remembering import remembered
from projects.gates import Request


def agreement(request: Request) -> HttpResponse:
    people, model, one_in = remembered(
        "agreement", request.project, lambda: figures.on_the_page(request.project), size=_seen, seconds=600
    )
    context = {
        "project": request.project,
        "people": people if people.pairs else None,
        "model": model if model.pairs else None,
        "one_in": one_in,
        "codes": request.project.scale.codes,
        "confusion": list(zip(request.project.scale.codes, getattr(model, "confusion", ()), strict=False)),
    }
    return render(request, "annotation/agreement.html", context)


def _seen(found: figures.OnThePage) -> int:
    return found.one_in * (found.people.pairs + found.model.pairs)
