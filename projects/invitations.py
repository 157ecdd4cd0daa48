"""One-time links: the only way a person gets a first password, or a new one when the old is lost.

The token is 256 random bits, shown once; the database keeps its SHA-256. A new link ends the person's earlier
ones, a new password ends them all.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.urls import reverse

from database.clock import ClockTimestamp
from projects import audit, sessions
from projects.models import OneTimeLink, Person

VALID_FOR = timedelta(hours=48)


class LinkState(StrEnum):
    GOOD = "good"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Invitation:
    person: Person
    path: str
    expires_at: datetime


def invite(person: Person, *, actor: Person | None, valid_for: timedelta = VALID_FOR) -> Invitation:
    """Make a link. What is returned is the only place where the token stands in clear."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        revoke(person)
        link = OneTimeLink.objects.create(
            person=person, token_sha256=_sha256(token), expires_at=ClockTimestamp() + valid_for
        )
        link.refresh_from_db(fields=["expires_at"])
        audit.record(actor, "link.made", on=person)
    return Invitation(person, reverse("welcome", args=[token]), link.expires_at)


def revoke(person: Person) -> None:
    OneTimeLink.objects.filter(person=person, used_at=None).update(expires_at=Least(F("expires_at"), ClockTimestamp()))


def revoke_all() -> int:
    """Everybody's. How many were good."""
    good = OneTimeLink.objects.filter(used_at=None, expires_at__gt=ClockTimestamp())
    return good.update(expires_at=ClockTimestamp())


def look_up(token: str) -> tuple[LinkState, Person | None]:
    """Which person the link is for; a deactivated person's link counts as expired."""
    link = (
        OneTimeLink.objects.select_related("person")
        .annotate(alive=Q(expires_at__gt=ClockTimestamp(), person__is_active=True))
        .filter(token_sha256=_sha256(token))
        .first()
    )
    if link is None:
        return LinkState.UNKNOWN, None
    if link.used_at is not None:
        return LinkState.USED, None
    return (LinkState.GOOD, link.person) if link.alive else (LinkState.EXPIRED, None)


def accept(token: str, password: str) -> Person | None:
    """Spend the link on a password. The person's other sessions end with the old password."""
    with transaction.atomic():
        # Without the conditions in the update two who open the link at once would both set a password; the later would hold.
        spent = OneTimeLink.objects.filter(
            token_sha256=_sha256(token), used_at=None, expires_at__gt=ClockTimestamp(), person__is_active=True
        ).update(used_at=ClockTimestamp())
        if spent != 1:
            return None
        person = OneTimeLink.objects.select_related("person").get(token_sha256=_sha256(token)).person
        person.set_password(password)
        person.save(update_fields=["password"])
        sessions.end_all(person)
        revoke(person)
        person.refresh_from_db(fields=["session_epoch"])
        audit.record(person, "link.used", on=person)
    return person


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
