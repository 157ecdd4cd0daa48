"""What a signed-in person was refused: an audit event each, so that knocking on doors is seen.

An event names the URL, the method, the permission that was missing and the object as the path named it; never a query
string, a form or a token. A flood is bounded and nothing of it is lost: after `MOST` of one person at one URL within a minute,
or `MOST_IN_ALL` within an hour, further ones are counted in one event of their project and hour, which says how many they
were, at which URLs, and when the first and the last (`sql/refusals.sql`).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from database.clock import ClockTimestamp
from database.statements import run
from projects.models import AuditEvent, Person, Project
from projects.policy import POLICY
from relevance.sanitising import storable

ACT = "request.refused"
REFUSED = frozenset({403, 404, 405})
MOST, WITHIN = 10, timedelta(minutes=1)
MOST_IN_ALL, WITHIN_IN_ALL = 60, timedelta(hours=1)
LOCK = 7305
# Parts of a path that name an object. What is not listed, such as the token of a one-time link, is never written down.
NAMES_AN_OBJECT = frozenset({"code", "number", "sha256", "size", "name"})


def note(request: HttpRequest, response: HttpResponseBase) -> None:
    """Called by the gate with every answer. Strangers and addresses that are no page of ours leave nothing."""
    match, person = request.resolver_match, getattr(request, "user", None)
    if response.status_code not in REFUSED or match is None or not isinstance(person, Person):
        return
    url_name, method = (match.url_name or "")[:40], request.method or ""
    path: dict[str, object] = match.captured_kwargs  # type: ignore[attr-defined]
    slug = path.get("slug")
    project = Project.objects.filter(slug=slug).first() if slug is not None else None
    with transaction.atomic():
        # Without the lock a crowd of requests at one moment would all find that few were refused.
        run("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, person.pk % 2**31)
        if _flooding(person, url_name):
            run("SELECT count_refusal(%s, %s, %s)", person.pk, project.pk if project else None, f"{method} {url_name}")
            return
        AuditEvent.objects.create(
            actor=person,
            project=project,
            act=ACT,
            object_kind=url_name,
            object_id=_named(path),
            detail={
                "method": method,
                "status": response.status_code,
                "permission": POLICY.get(url_name, {}).get("GET" if method == "HEAD" else method, ""),
                **({"project": slug} if slug is not None else {}),
            },
        )


def _flooding(person: Person, url_name: str) -> bool:
    written = AuditEvent.objects.filter(actor=person, act=ACT).exclude(object_kind="")
    here = written.filter(object_kind=url_name, at__gt=ClockTimestamp() - WITHIN)
    in_all = written.filter(at__gt=ClockTimestamp() - WITHIN_IN_ALL)
    return len(here.values_list("pk")[:MOST]) == MOST or len(in_all.values_list("pk")[:MOST_IN_ALL]) == MOST_IN_ALL


def _named(path: dict[str, object]) -> str:
    parts = [str(value) for name, value in path.items() if name.endswith("_id") or name in NAMES_AN_OBJECT]
    return storable("/".join(parts))[:60]
