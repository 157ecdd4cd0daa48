"""The page on which a lead erases the text of a query: what goes, what stays, what holds it still."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.pairs import erasing
from catalogue.models import Query
from projects.gates import Request
from projects.refusals import Refused
from projects.requests import one


def erase(request: Request, query_id: int) -> HttpResponse:
    query = one(Query.objects.filter(project=request.project), query_id)
    status = 200
    if request.method == "POST":
        try:
            marker = erasing.erase(query, files=bool(request.POST.get("files")), actor=request.person)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            status = refusal.status
        else:
            messages.success(request, _("Erased: the query is called %(marker)s now.") % {"marker": marker})
            return redirect("pairs", request.project.slug)
    context = {"project": request.project, "query": query, "left": erasing.not_reached(query)}
    return render(request, "annotation/pairs/erase.html", context, status=status)
