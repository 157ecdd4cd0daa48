"""The guideline of a query: what the model told, and a person's words over it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Query
from inference.prelabel import guidelines
from inference.prompting.guiding import Guideline
from projects.gates import Request
from projects.requests import CHOICES, one

MOST = 12
LONGEST = 300


class LinesField(forms.CharField):
    """One phrase a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > MOST or any(len(line) > LONGEST for line in lines):
            raise forms.ValidationError(_("Twelve lines of 300 characters at most."))
        return lines


class GuidelineForm(forms.Form):
    intent = forms.CharField(label=gettext_lazy("What the shopper wants"), max_length=LONGEST)
    required = LinesField(label=gettext_lazy("What an item must have, one a line"), required=False)
    optional = LinesField(label=gettext_lazy("What makes it better, one a line"), required=False)


def guideline(request: Request, query_id: int) -> HttpResponse:
    query = one(Query.objects.filter(project=request.project), query_id)
    form = GuidelineForm(request.POST if request.method == "POST" else None, initial=_initial(query))
    if request.method == "POST" and form.is_valid():
        guidelines.write(query, Guideline.model_validate(form.cleaned_data), request.person)
        messages.success(request, _("Kept. The next run asks about the items of this query again."))
        return redirect("guideline", request.project.slug, query.pk)
    context = {
        "project": request.project,
        "query": query,
        "form": form,
        "history": query.guidelines.select_related("model", "written_by").order_by("-revision")[:CHOICES],
    }
    return render(request, "inference/prelabel/guideline.html", context, status=422 if form.is_bound else 200)


def _initial(query: Query) -> dict[str, str]:
    now = guidelines.newest([query.pk]).get(query.pk)
    if now is None:
        return {}
    return {"intent": now.intent, "required": "\n".join(now.required), "optional": "\n".join(now.optional)}
