"""What people sent or typed who may no longer judge: kept as drafts, read by the lead.

The gate refuses the submit of somebody who lost the role, was deactivated, or whose project was archived while the page
was open. It stores no judgment; but the text was work, so the holder of the lease leaves it as a draft.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest

from annotation import judging
from annotation.models import Draft, Lease
from projects.gates import turned_away
from projects.models import Membership, Person, Project
from projects.policy import ROLES, Permission


@receiver(turned_away)
def keep(sender: object, request: HttpRequest, **_: Any) -> None:
    match = request.resolver_match
    if request.method != "POST" or match is None or match.url_name != "judge-submit":
        return
    person = _who(request)
    token: UUID = match.kwargs["token"]
    lease = Lease.objects.filter(token=token, person=person).first() if person else None
    if person is not None and lease is not None:
        judging.save_draft(person, lease, judging.draft_body(request.POST))


def _who(request: HttpRequest) -> Person | None:
    """A deactivated person counts as not signed in, but the session says whose page it was."""
    if request.user.is_authenticated:
        return request.user
    try:
        return Person.objects.filter(pk=int(request.session[SESSION_KEY]), is_active=False).first()
    except (KeyError, ValueError):
        return None


def drafts(project: Project) -> QuerySet[Draft]:
    """Of people who can no longer submit them, newest first."""
    judges = Membership.objects.filter(
        project=project, person=OuterRef("person"), role__in=ROLES[Permission.JUDGE], person__is_active=True
    )
    left = Draft.objects.filter(~Exists(judges), pair__project=project).exclude(Q(body={}))
    return left.select_related("person", "pair__query", "pair__item__current_snapshot").order_by("-updated_at", "-pk")
