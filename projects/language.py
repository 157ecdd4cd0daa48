"""Which language a page speaks: the signed-in person's own, else the cookie, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


def data_language() -> str:
    """The reader's, of the two that rules, labels and dimensions are written in."""
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"


def in_language(texts: Mapping[str, str]) -> str:
    """The reader's of the texts, by language; else the English one, else any."""
    return texts.get(data_language()) or texts.get("en") or next(iter(texts.values()), "")


def is_known(locale: str) -> bool:
    return locale in dict(settings.LANGUAGES)


def keep_in_cookie(response: HttpResponse, locale: str) -> None:
    """So that the login page speaks it too."""
    if is_known(locale):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            locale,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


class PersonLocaleMiddleware(LocaleMiddleware):
    """Cookie and browser are read on the way in; the person is known only once the other middleware has run."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> None:
        person = request.user
        if person.is_authenticated and is_known(person.locale):
            translation.activate(person.locale)
            request.LANGUAGE_CODE = person.locale
