"""What a browser sends, as the product reads it: whole, in UTF-8, of bounded size, without what cannot be stored.

Stands behind the policy, so nobody makes us read a body who may not send it, and before everything that reads one.
A NUL or lone surrogate in a path, query string, form field or file name becomes U+FFFD, as in imports.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.exceptions import RequestDataTooBig as TooBig
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _

from projects import problems
from projects.gates import aside
from projects.policy import POLICY, Permission
from projects.refusals import Refused
from projects.requests import by_htmx
from projects.uploading import BodyRefused, is_small, most_bytes, too_large, too_large_for_strangers
from relevance.sanitising import sanitise, storable

LONGEST_FIELD = 64 << 10


class BoundaryMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = storable(request.path_info)
        if path != request.path_info:  # then it is no address of ours
            request.path = request.path_info = path
        request.GET = _stored(request.GET)  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if request.method != "POST":
            return None
        try:
            _check(request)
            request.POST = _stored(request.POST)  # type: ignore[assignment]
            _check_lengths(request)
        except BodyRefused as refusal:
            return refused(request, refusal.status, refusal.reason)
        except TooBig:
            return refused(request, 413, too_large(most_bytes(None)).reason)
        except UnreadablePostError:
            return refused(request, 400, _("What was sent did not arrive whole. Send it again."))
        except (MultiPartParserError, SuspiciousOperation, BadRequest):
            return refused(
                request, 400, _("What was sent cannot be read: too many fields, or not the form of this page.")
            )
        for files in request.FILES.lists():
            for file in files[1]:
                file.name = storable(file.name or "")
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a view has no place of its own for: said, and never a fault of ours."""
        return refused(request, error.status, error.sentence) if isinstance(error, Refused) else None


def _check(request: HttpRequest) -> None:
    """By the headers alone."""
    if (request.encoding or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise BodyRefused(400, _("Forms are sent in UTF-8."))
    url_name = request.resolver_match.url_name if request.resolver_match else None
    if POLICY.get(url_name or "", {}).get("POST") is Permission.ANYONE and not is_small(request.META):
        raise too_large_for_strangers()
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > most_bytes(url_name):
        raise too_large(most_bytes(url_name))


def _check_lengths(request: HttpRequest) -> None:
    """No page has a field as long; what burns time is turned away before anything reads it."""
    for name, values in request.POST.lists():
        if any(len(value) > LONGEST_FIELD for value in values):
            reason = _("The field “%(name)s” holds more than %(most)s characters.")
            raise BodyRefused(413, reason % {"name": name[:60], "most": LONGEST_FIELD})


def _stored(given: QueryDict) -> QueryDict:
    """The same fields, storable; the very same object where there is nothing to do, as almost always."""
    if not any(sanitise(text)[1] for name, values in given.lists() for text in (name, *values)):
        return given
    made = given.copy()
    for name in list(made):
        made.setlist(storable(name), [storable(value) for value in made.pop(name)])
    return made


def refused(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    if problems.is_versioned(request):
        return problems.bare(request, status, reason)
    if by_htmx(request):
        return aside(render(request, "projects/refused.html#notice", {"reason": reason}, status=status))
    return render(request, "projects/refused.html", {"reason": reason}, status=status)
