"""Service tokens: how a program gets into a project. Issued and revoked by its leads, each act audited.

A token reads lore_PREFIX_SECRET. The prefix is public and finds the row; the secret is 256 random bits, shown once, of
which the SHA-256 is kept. A program acts in the name of whoever issued its token, so a token counts only while that
person leads the project: taking the role away, or deactivating the person, revokes their tokens in the same transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from database.clock import ClockTimestamp
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Membership, Person, Project, Role, Scope, ServiceToken
from projects.refusals import Refused

SHAPE = re.compile(r"lore_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NOBODYS = "0" * 64
NOTE_USE_AFTER = timedelta(minutes=1)  # a busy token is not a row written at every request
TOKENS = Allowance("token", 60, gettext_lazy("service tokens"))


class Issued(NamedTuple):
    """`secret` is the whole token; this is the only place where it stands in clear."""

    token: ServiceToken
    secret: str


def issue(project: Project, name: str, scopes: Sequence[Scope], days: int, *, actor: Person) -> Issued:
    """Holds the issuer's role while it issues, so that no token slips past a removal. Raises Refused."""
    valid_for = timedelta(days=days)
    if not name.strip() or not scopes or not timedelta(0) < valid_for <= ServiceToken.LONGEST:
        needs = _("A token needs a name, at least one scope and an end within a year.")
        raise Refused("bad_token", needs)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with transaction.atomic():
        if not _leads(project, actor):
            raise Refused("no_lead", _("Only a lead of the project issues its tokens."), status=409)
        allowances.spend(TOKENS, actor)
        now = _now()
        token = ServiceToken.objects.create(
            project=project,
            name=name.strip(),
            prefix=prefix,
            sha256=_sha256(secret),
            scopes=sorted({Scope(scope).value for scope in scopes}),
            created_by=actor,
            created_at=now,
            expires_at=now + valid_for,
        )
        told = {"name": token.name, "prefix": prefix, "scopes": " ".join(token.scopes), "days": days}
        audit.record(actor, "token.issued", project=project, on=token, **told)
    return Issued(token, f"lore_{prefix}_{secret}")


def revoke(token: ServiceToken, *, actor: Person | None) -> bool:
    """For good. False when it had been revoked before."""
    with transaction.atomic():
        return bool(_revoke(ServiceToken.objects.filter(pk=token.pk), actor))


def revoke_all_of(person: Person, *, actor: Person | None, project: Project | None = None) -> int:
    """Those that the person issued, in one project or in all. Call it inside the transaction that takes the role away."""
    rows = ServiceToken.objects.filter(created_by=person)
    return _revoke(rows.filter(project=project) if project is not None else rows, actor)


def revoke_all(*, actor: Person | None) -> int:
    """Those of every project. Call it inside a transaction."""
    return _revoke(ServiceToken.objects.all(), actor)


def tokens_of(project: Project) -> QuerySet[ServiceToken]:
    """Newest first; `counts` says whether it opens anything now."""
    return project.tokens.select_related("created_by").annotate(counts=_counts()).order_by("-pk")


def find(text: str) -> ServiceToken | None:
    """The token that this is, while it counts. An unknown prefix costs the same comparison as a known one."""
    match = SHAPE.fullmatch(text)
    if match is None:
        return None
    prefix, secret = match.groups()
    rows = ServiceToken.objects.select_related("project", "created_by").annotate(counts=_counts())
    token = rows.filter(prefix=prefix).first()
    right = hmac.compare_digest(token.sha256 if token else NOBODYS, _sha256(secret))
    if token is None or not right or not token.counts:
        return None
    unseen = Q(last_used_at=None) | Q(last_used_at__lt=ClockTimestamp() - NOTE_USE_AFTER)
    ServiceToken.objects.filter(unseen, pk=token.pk).update(last_used_at=ClockTimestamp())
    return token


def _counts() -> Q:
    leads = Membership.objects.filter(project=OuterRef("project"), person=OuterRef("created_by"), role=Role.LEAD)
    standing = Q(Exists(leads), created_by__is_active=True, project__archived_at=None)
    demo = Q() if settings.DEMO else ~Q(created_by__username__startswith="demo-")
    return Q(standing & demo, revoked_at=None, expires_at__gt=ClockTimestamp())


def _revoke(rows: QuerySet[ServiceToken], actor: Person | None) -> int:
    # Without the lock a token that two people revoke at once would stand in the audit log twice.
    live = list(rows.filter(revoked_at=None).select_for_update(of=("self",)).select_related("project"))
    ServiceToken.objects.filter(pk__in=[token.pk for token in live]).update(revoked_at=ClockTimestamp())
    for token in live:
        audit.record(actor, "token.revoked", project=token.project, on=token, name=token.name, prefix=token.prefix)
    return len(live)


def _leads(project: Project, person: Person) -> bool:
    # Without the locks a token could be issued while its lead loses the role or the account, and nobody would revoke it.
    held = Membership.objects.select_for_update().filter(project=project, person=person, role=Role.LEAD)
    return held.first() is not None and Person.objects.select_for_update().filter(pk=person.pk, is_active=True).exists()


def _now() -> datetime:
    # Without the database's clock a web host whose own is wrong would issue tokens that last too long or not at all.
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
