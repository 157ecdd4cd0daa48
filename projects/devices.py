"""Browsers that somebody has signed in from before: a signed cookie that opens nothing.

It only moves its holder's wrong guesses to a count of their own, so that a stranger who guesses a name cannot keep its
owner out (projects.login_throttling). It survives signing out.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

SALT = "projects.devices"
KEPT_FOR = timedelta(days=180)
MOST_PEOPLE = 8  # of one browser


def known(request: HttpRequest, username: str) -> str | None:
    """The browser's number, if this person has signed in from it; tells nothing of whether the name exists."""
    device, people = _read(request)
    return device if _mark(username) in people else None


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    device, people = _read(request)
    others = [mark for mark in people if mark != _mark(username)]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([device, [*others, _mark(username)][-MOST_PEOPLE:]], salt=SALT),
        max_age=int(KEPT_FOR.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, people = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=KEPT_FOR
        )
    except (signing.BadSignature, ValueError):
        return secrets.token_hex(8), []
    return device, people


def _mark(username: str) -> str:
    return salted_hmac(SALT, username, algorithm="sha256").hexdigest()[:24]
