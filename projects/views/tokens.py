"""The service tokens of a project: a lead issues and revokes them. A secret stands in one answer and nowhere else."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from projects import tokens as activity
from projects.forms import TokenForm
from projects.gates import Request
from projects.problems import VERSIONED
from projects.refusals import Refused
from projects.requests import one, page
from projects.tokens import Issued

PAGE = 50


def tokens(request: Request) -> HttpResponse:
    form = TokenForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            issued = activity.issue(request.project, **form.cleaned_data, actor=request.person)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return _page(request, TokenForm(), issued=issued, status=201)
    return _page(request, form, status=422 if form.is_bound else 200)


def revoke(request: Request, token_id: int) -> HttpResponse:
    token = one(request.project.tokens.all(), token_id)
    if activity.revoke(token, actor=request.person):
        messages.success(request, _("Revoked: the token opens nothing any more."))
    return redirect("tokens", request.project.slug)


def _page(request: Request, form: TokenForm, *, issued: Issued | None = None, status: int) -> HttpResponse:
    listed = page(activity.tokens_of(request.project), request, PAGE)
    context = {
        "form": form,
        "issued": issued,
        "tokens": listed.rows,
        "older_url": listed.older_url,
        "address": request.build_absolute_uri(f"{VERSIONED}p/{request.project.slug}/"),
    }
    return render(request, "projects/tokens.html", context, status=status)
