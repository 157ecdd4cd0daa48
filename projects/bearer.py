"""Programs at /api/: who they are, and what their token lets them do.

`Authorization: Bearer` is the only way in. Cookies count for nothing there, so there is nothing to forge; and a token
counts for nothing anywhere else. POLICY decides as for people: a permission of SCOPES stands for a scope. Another
project, one that never was and a scope the token lacks answer with the same 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from projects import audit, problems, tokens, uploading
from projects.models import Person, Project, Scope, ServiceToken
from projects.problems import ROOT

NEEDED = problems.ANYWHERE[401][1]
_HEADER = re.compile(r"Bearer +([!-~]{1,200})", re.IGNORECASE)


class ProgramRequest(HttpRequest):
    """What a view of programs receives. `person` issued the token and answers for what is done with it."""

    token: ServiceToken
    project: Project
    person: Person


def is_for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(ROOT)


def answer(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Around every request to /api/: no cookie counts, and no page for people comes back."""
    request.COOKIES.clear()
    # Whom Django's middleware finds further in, where it looks here before it opens the session.
    request.user = request._cached_user = AnonymousUser()  # type: ignore[attr-defined]
    return problems.for_program(request, get_response(request))


def enter(request: HttpRequest, scope: Scope, kwargs: dict[str, Any]) -> HttpResponse | None:
    """The gate: lets the view run for this token, scope and project, and for nothing else."""
    translation.activate("en")  # programs read codes, people read logs: one language for both
    header = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    token = tokens.find(header[1]) if header else None
    if token is None:
        refused = problems.bare(request, 401, NEEDED)
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    if kwargs.pop("slug") != token.project.slug or scope not in token.scopes:
        raise Http404
    request.token, request.project, request.person = token, token.project, token.created_by  # type: ignore[attr-defined]
    uploading.sender.set(f"token {token.pk}")
    return None


def named(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of programs whose audit events name the service token."""

    @wraps(run)
    def answered(request: ProgramRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with audit.through(str(request.token)):
            return run(request, *args, **kwargs)

    return answered
