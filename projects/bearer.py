"""Programs at /api/: who they are, what their token lets them do, and that every answer is JSON.

`Authorization: Bearer` is the only way in. Cookies count for nothing there, so there is nothing to forge; and a token
counts for nothing anywhere else. POLICY decides as for people: a permission of SCOPES stands for a scope. Another
project, one that never was and a scope the token lacks answer with the same 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from projects import audit, tokens
from projects.models import Person, Project, Scope, ServiceToken
from projects.refusals import Refused

ROOT = "/api/"
_HEADER = re.compile(r"Bearer +([!-~]{1,200})", re.IGNORECASE)


class ProgramRequest(HttpRequest):
    """What a view of programs receives. `person` issued the token and answers for what is done with it."""

    token: ServiceToken
    project: Project
    person: Person


class Refusal(Exception):
    """Ends a view with a status and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def is_for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(ROOT)


def answer(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Around every request to /api/: before it no cookie counts, after it every refusal is JSON."""
    request.COOKIES.clear()
    # Whom Django's middleware finds further in, where it looks here before it opens the session.
    request.user = request._cached_user = AnonymousUser()  # type: ignore[attr-defined]
    response = get_response(request)
    if response.status_code >= 400 and response.headers.get("Content-Type") != "application/json":
        return _refused(response.status_code, HTTPStatus(response.status_code).phrase, response)
    return response


def enter(request: HttpRequest, scope: Scope, kwargs: dict[str, Any]) -> HttpResponse | None:
    """The gate: lets the view run for this token, scope and project, and for nothing else."""
    translation.activate("en")  # programs read codes, people read logs: one language for both
    header = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    token = tokens.find(header[1]) if header else None
    if token is None:
        refused = _refused(
            401, "A service token that is neither expired nor revoked is needed: Authorization: Bearer ..."
        )
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    if kwargs.pop("slug") != token.project.slug or scope not in token.scopes:
        raise Http404
    request.token, request.project, request.person = token, token.project, token.created_by  # type: ignore[attr-defined]
    return None


def endpoint(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of programs: needs no CSRF token, ends with JSON, and what it records names the service token."""

    @csrf_exempt
    @wraps(view)
    def answered(request: ProgramRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with audit.through(str(request.token)):
                return view(request, *args, **kwargs)
        except Refusal as refusal:
            return _refused(refusal.status, refusal.reason)
        except Refused as refusal:
            return _refused(refusal.status, refusal.sentence, code=refusal.code)
        except RequestDataTooBig:
            return _refused(413, "The request is too large.")

    return answered


def _refused(status: int, reason: str, before: HttpResponse | None = None, *, code: str = "") -> JsonResponse:
    response = JsonResponse({"error": reason, **({"code": code} if code else {})}, status=status)
    for name in ("Allow", "Retry-After"):
        if before is not None and name in before.headers:
            response[name] = before[name]
    return response
