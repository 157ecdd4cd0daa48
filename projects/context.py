"""What every page may show of the workplace. Asks the database nothing that the gate has not asked already."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def workplace(request: HttpRequest) -> dict[str, object]:
    return {
        "workplace_name": settings.WORKPLACE_NAME,
        "version": settings.VERSION,
        "demo": settings.DEMO,
        "languages": settings.LANGUAGES,
        "project": getattr(request, "project", None),
        "roles": getattr(request, "roles", frozenset()),
    }
