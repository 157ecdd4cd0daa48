"""What people sent or typed who may no longer judge: kept as drafts, read by the lead.

The gate refuses the submit of somebody who lost the role, was deactivated, or whose project was archived while the page
was open. It stores no judgment; but the text was work, so the holder of the lease leaves it as a draft.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from annotation.judging import drafts
from annotation.models import Draft, Lease
from projects.models import Membership, Project
from projects.policy import ROLES, Permission


def keep(request: HttpRequest) -> None:
    """A session that has ended names nobody; the token of the lease, which its page alone holds, does. One that still
    names somebody else, who was deactivated, keeps nothing."""
    match = request.resolver_match
    if request.method != "POST" or match is None or match.url_name != "judge-submit":
        return
    path: dict[str, Any] = match.captured_kwargs  # type: ignore[attr-defined]
    lease = Lease.objects.filter(token=path["token"], slot__project__slug=path["slug"]).select_related("person").first()
    if lease is None:
        return
    holder = request.user.pk == lease.person_id
    named = request.session.get(SESSION_KEY, str(lease.person_id)) == str(lease.person_id)
    ended = not request.user.is_authenticated and settings.SESSION_COOKIE_NAME in request.COOKIES
    if not (holder or (ended and named)):
        return
    drafts.save(lease.person, lease, drafts.body_of(request.POST))


def kept_of(project: Project) -> QuerySet[Draft]:
    """Of people who can no longer submit them, newest first."""
    judges = Membership.objects.filter(
        project=project, person=OuterRef("person"), role__in=ROLES[Permission.JUDGE], person__is_active=True
    )
    left = Draft.objects.filter(~Exists(judges), pair__project=project).exclude(Q(body={}))
    return left.select_related("person", "pair__query", "pair__item__current_snapshot").order_by("-updated_at", "-pk")
