"""How a view reads a request: one of mine or 404, a number, a page of a list, and whether htmx asks for a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

MOST_DIGITS = 18  # what a key of the database can hold
CHOICES = 100  # how many rows a choice of a form offers, or a part of a page beside its list: the newest
M = TypeVar("M", bound=Model)
T = TypeVar("T")


def number(text: str | None) -> int | None:
    """What was typed or stands in an address, if it is a number from 0 on in the digits 0 to 9."""
    readable = text is not None and text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if readable else None  # type: ignore[arg-type]


def one(rows: QuerySet[M], pk: int | str | None) -> M:
    """The row of this key among those that the asker may see; foreign, absent and unreadable look the same: 404."""
    return there(chosen(rows, pk))


def chosen(rows: QuerySet[M], pk: int | str | None) -> M | None:
    """The row that a form names by its key, or none."""
    key = number(pk) if isinstance(pk, str) else pk
    return None if key is None else rows.filter(pk=key).first()


def there(found: T | None) -> T:
    """What was looked up, or 404."""
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True)
class ListPage(Generic[M]):
    """`older_url` leads to the next one, empty on the last."""

    rows: list[M]
    older_url: str


def page(
    rows: QuerySet[M], request: HttpRequest, size: int, *, ascending: bool = False, filters: Mapping[str, Any] = {}
) -> ListPage[M]:
    """So many rows by key, the newest first, from the one on that the address names; `filters` stay in the next address.

    By key, since a count or an offset over a long list costs more the longer it is.
    """
    name, beyond, order = ("after", "pk__gt", "pk") if ascending else ("before", "pk__lt", "-pk")
    last = number(request.GET.get(name))
    if last is not None:
        rows = rows.filter(**{beyond: last})
    found = list(rows.order_by(order)[: size + 1])
    more = urlencode({**filters, name: found[size - 1].pk}) if len(found) > size else ""
    return ListPage(found[:size], f"?{more}" if more else "")


def by_htmx(request: HttpRequest) -> bool:
    """Is it a script of the page that asks, for a part of it, and no browser that opens the address?"""
    return "HX-Request" in request.headers


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, part: str, status: int = 200
) -> HttpResponse:
    """The page; to htmx that part of it alone."""
    return render(request, f"{template}#{part}" if by_htmx(request) else template, dict(context), status=status)
