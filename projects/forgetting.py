"""A person who is to be forgotten: every name of theirs becomes a number, and what they did stays. There is no way back.

Judgments, notes and rules point to the person's row, which from then on is called `forgotten-17` and opens nothing. What it does
not reach is said by whoever offers it: what people wrote in texts of their own, names of raters in imported files, files that
were downloaded, and backups.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _

from database.clock import ClockTimestamp
from database.statements import run
from projects import audit, membership
from projects.models import HourlyCount, Membership, OneTimeLink, Person, RoleOffer
from projects.refusals import Refused

_BLANK: dict[str, Any] = {
    "name": "",
    "locale": "",
    "last_login": None,
    "is_system_admin": False,
    "is_rule_owner": False,
}


def forget(person: Person, *, typed: str, actor: Person | None) -> str:
    """What the person is called now; raises Refused. `typed`: their user name, by whoever means it."""
    if actor is not None and person.pk == actor.pk:
        raise Refused("yourself", _("You cannot forget yourself; another system admin can."), status=409)
    if typed != person.username:
        raise Refused("typed_otherwise", _("Type the user name exactly as it stands: nothing was changed."))
    with transaction.atomic():
        # Without the lock two who press at once would both stand in the audit log.
        held = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        if held.forgotten_at is not None:
            raise Refused("forgotten", _("This person is forgotten already."), status=409)
        _lock_out(held, actor)
        # Before the row is renamed: the door reads there what to look for.
        run("SELECT forget_person_in_audit(%s)", held.pk)
        called = f"forgotten-{held.pk}"
        Person.objects.filter(pk=held.pk).update(**_BLANK, username=called, forgotten_at=ClockTimestamp())
        audit.record(actor, "person.forgotten", on=held)
    return called


def _lock_out(person: Person, actor: Person | None) -> None:
    """Whatever lets the person in goes, whatever the person may still do; also of a project that is left without a lead."""
    membership.lock_out(person, actor=actor)
    for held in Membership.objects.filter(person=person).select_related("project"):
        audit.record(actor, "member.removed", project=held.project, on=person, role=held.role)
    for rows in (Membership.objects, OneTimeLink.objects, HourlyCount.objects):
        rows.filter(person=person).delete()
    RoleOffer.objects.filter(username=person.username).delete()
    _end_sessions(person)


def _end_sessions(person: Person) -> None:
    """Their rows: which is whose stands inside of each."""
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            session.delete()
