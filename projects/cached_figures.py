"""Figures over a whole project that take long where it is large: remembered by a web process for a while, small ones never."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.db import connection

from projects.models import Project

LARGE = 20_000  # pairs, or what else the figures are of

Figures = TypeVar("Figures")


def remembered(
    name: str, project: Project, compute: Callable[[], Figures], *, size: Callable[[Figures], int], seconds: int
) -> Figures:
    key = f"{name}:{connection.settings_dict['NAME']}:{project.pk}"
    known: Figures | None = cache.get(key)
    if known is not None:
        return known
    found = compute()
    if size(found) >= LARGE:
        cache.set(key, found, seconds)
    return found
