"""What a page is told while the database is away, restarting or too slow: 503, come back, and nothing is lost.

Django's own answer would be "something broke" with a traceback for every request of the outage. A form that was sent
stays where it is; the judging card sends its answer again by itself, under the same key.
"""

from __future__ import annotations

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

RETRY_AFTER_SECONDS = 2
log = logging.getLogger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:
    """Wherever the error came from, a middleware included; the page is made without asking the database anything."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return defaults.server_error(request)
    log.warning("no database for %s %s: %s", request.method, request.path, _first_line(error))
    name = "503.html#notice" if request.headers.get("HX-Request") else "503.html"
    response = HttpResponse(loader.get_template(name).render(), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response._has_been_logged = True  # type: ignore[attr-defined]  # by the line above; an outage has one cause
    return response


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
