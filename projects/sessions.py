"""When a sign-in ends: with its time, or because what it was given for has changed.

Every session carries the epoch of its person (Person._get_session_auth_hash). Raising the epoch ends all of them in
the transaction that changed a role or a password; whoever did that to themself goes on under a new session key.
A session lives SESSION_COOKIE_AGE from sign-in and is not prolonged by being used.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from projects.models import Person


@receiver(user_logged_in)
def begin(sender: type[Person], request: HttpRequest, **_: Any) -> None:
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def end_all(person: Person) -> None:
    """Call it inside the transaction that takes away what the sessions rest on."""
    Person.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)


def end_everybodys() -> int:
    """How many were kept. Their rows go, too: an epoch of now may be one that had been before a restore."""
    Person.objects.update(session_epoch=F("session_epoch") + 1)
    ended, _rows = Session.objects.all().delete()
    return ended


def stay(request: HttpRequest) -> None:
    """After an act by which people ended their own sessions: this one goes on. Not if somebody else ended them, too."""
    assert isinstance(request.user, Person)
    now = Person.objects.filter(
        pk=request.user.pk, is_active=True, session_epoch=request.user.session_epoch + 1
    ).first()
    if now is not None:
        update_session_auth_hash(request, now)
