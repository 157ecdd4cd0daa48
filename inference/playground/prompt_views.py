"""Prompt versions: read, written anew from an older one, made active once they have been compared."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inference.models import PromptVersion
from inference.playground import activating
from inference.prompting import prompt_versions
from inference.prompting.prompts import FORMS, LONGEST, PromptError
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one, page

PAGE = 50


class PromptForm(forms.Form):
    """A whole prompt set: every template as plain text, and the letters for the labels."""

    name = forms.SlugField(label=gettext_lazy("Name"), max_length=60)
    note = forms.CharField(label=gettext_lazy("What is different"), max_length=300)
    aliases = forms.CharField(
        label=gettext_lazy("Letters for L1 to L4"),
        max_length=60,
        help_text=gettext_lazy("One to eight orders of four capital letters, separated by spaces."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, form in FORMS.items():
            names = sorted((form.system or frozenset()) | form.user)
            self.fields[kind] = forms.CharField(
                label=kind,
                max_length=LONGEST,
                strip=False,
                widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
                help_text=", ".join(f"{{{{{name}}}}}" for name in names),
            )


def prompts(request: Request) -> HttpResponse:
    if request.method == "POST":
        return _write(request)
    return _list(request)


def _list(request: Request, *, status: int = 200) -> HttpResponse:
    now = prompt_versions.active(request.project)
    listed = page(_readable(request).select_related("written_by").exclude(pk=now.pk), request, PAGE)
    context = {
        "project": request.project,
        "prompts": [now, *listed.rows],
        "older_url": listed.older_url,
        "active": now,
        "before": prompt_versions.before(request.project),
        "default": prompt_versions.active(),
    }
    return render(request, "inference/playground/prompts.html", context, status=status)


def _readable(request: Request) -> QuerySet[PromptVersion]:
    return prompt_versions.read_by(request.person)


def prompt(request: Request, prompt_id: int) -> HttpResponse:
    found = one(_readable(request), prompt_id)
    return render(
        request, "inference/playground/prompt.html", _page(request, found, PromptForm(initial=_initial(found)))
    )


def activate(request: Request, prompt_id: int) -> HttpResponse:
    found = one(_readable(request), prompt_id)
    try:
        activating.activate(found, request.project, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        context = _page(request, found, PromptForm(initial=_initial(found)))
        return render(request, "inference/playground/prompt.html", context, status=refusal.status)
    messages.success(request, _("New runs are asked with %(name)s now.") % {"name": found.name})
    return redirect("prompt", request.project.slug, found.pk)


def put_back(request: Request) -> HttpResponse:
    try:
        found = activating.put_back(request.project, request.person)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _list(request, status=refusal.status)
    messages.success(request, _("New runs are asked with %(name)s again.") % {"name": found.name})
    return redirect("prompt", request.project.slug, found.pk)


def _write(request: Request) -> HttpResponse:
    """A new version from the form on an older one's page; the older stays as it is."""
    base = one(_readable(request), request.POST.get("base"))
    form = PromptForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            row = prompt_versions.write(
                given["name"],
                {kind: given[kind] for kind in FORMS},
                tuple(given["aliases"].split()),
                note=given["note"],
                by=request.person,
                project=request.project,
            )
            return redirect("prompt", request.project.slug, row.pk)
        except PromptError as error:
            field = error.template.partition(",")[0]
            form.add_error(field if field in form.fields else None, str(error))
    return render(request, "inference/playground/prompt.html", _page(request, base, form), status=422)


def _page(request: Request, found: PromptVersion, form: PromptForm) -> dict[str, Any]:
    active = prompt_versions.active(request.project)
    return {
        "project": request.project,
        "prompt": found,
        "form": form,
        "active": active,
        "is_active": active.pk == found.pk,
        "was_active": prompt_versions.was_active(found, request.project),
        "before": prompt_versions.before(request.project),
    }


def _initial(found: PromptVersion) -> dict[str, Any]:
    return {**found.templates, "aliases": " ".join(found.aliases), "name": f"{found.name}-2"[:60], "note": ""}
