"""The agreement page: people among themselves beside the model against gold, with intervals."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from annotation import figures
from projects.gates import Request


def agreement(request: Request) -> HttpResponse:
    people = figures.figures(request.project, of="people", against="people")
    model = figures.figures(request.project, of="model", against="gold")
    context = {
        "project": request.project,
        "people": people if people.pairs else None,
        "model": model if model.pairs else None,
        "codes": request.project.scale.codes,
        "confusion": list(zip(request.project.scale.codes, getattr(model, "confusion", ()), strict=False)),
    }
    return render(request, "annotation/agreement.html", context)
