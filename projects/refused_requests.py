"""What a signed-in person was refused: one audit event each, so that knocking on doors is seen.

An event names the URL, the method, the permission that was missing and the object as the path named it; never a query
string, a form or a token. A flood is bounded: after `MOST` refusals of one person at one URL within a minute the next
is written once that minute has passed, and the last one written says so.
"""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from database.clock import ClockTimestamp
from projects.models import AuditEvent, Person, Project
from projects.policy import POLICY
from relevance.sanitising import storable

ACT = "request.refused"
REFUSED = frozenset({403, 404, 405})
MOST = 10
WITHIN = timedelta(minutes=1)
# Parts of a path that name an object. What is not listed, such as the token of a one-time link, is never written down.
NAMES_AN_OBJECT = frozenset({"code", "number", "sha256", "size", "name"})


def note(request: HttpRequest, response: HttpResponseBase) -> None:
    """Called by the gate with every answer. Strangers and addresses that are no page of ours leave nothing."""
    match, person = request.resolver_match, getattr(request, "user", None)
    if response.status_code not in REFUSED or match is None or not isinstance(person, Person):
        return
    url_name, method = match.url_name or "", request.method or ""
    lately = AuditEvent.objects.filter(
        actor=person, act=ACT, object_kind=url_name[:40], at__gt=ClockTimestamp() - WITHIN
    )
    before = len(lately.values_list("pk")[:MOST])
    if before == MOST:
        return
    path: dict[str, object] = match.captured_kwargs  # type: ignore[attr-defined]
    slug = path.get("slug")
    AuditEvent.objects.create(
        actor=person,
        project=Project.objects.filter(slug=slug).first() if slug is not None else None,
        act=ACT,
        object_kind=url_name[:40],
        object_id=_named(path),
        detail={
            "method": method,
            "status": response.status_code,
            "permission": POLICY.get(url_name, {}).get("GET" if method == "HEAD" else method, ""),
            **({"project": slug} if slug is not None else {}),
            **({"last_of": MOST} if before == MOST - 1 else {}),
        },
    )


def _named(path: dict[str, object]) -> str:
    parts = [str(value) for name, value in path.items() if name.endswith("_id") or name in NAMES_AN_OBJECT]
    return storable("/".join(parts))[:60]
