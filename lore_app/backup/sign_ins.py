"""What a restore does with the ways in: what had been taken away since the backup does not come back with it.

Tokens, one-time links and sessions end. Whoever is deactivated in the database that is put aside stays so. Passwords, roles
and archived projects are as the backup has them; where the database put aside tells of others, they are named.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import Error, transaction

from database.connecting import connected_as
from projects import audit, invitations, membership, sessions, tokens
from projects.models import Membership, Person, Project

RESTORED = "backup.restored"


@dataclass(frozen=True)
class Access:
    """Who may do what in a database: user names and slugs, never a secret."""

    deactivated: frozenset[str] = frozenset()
    passwords: dict[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    archived: frozenset[str] = frozenset()


@dataclass
class Told:
    """For the answer of the command and the audit log."""

    tokens: int = 0
    links: int = 0
    sessions: int = 0
    still_deactivated: list[str] = field(default_factory=list)
    older_passwords: list[str] = field(default_factory=list)
    older_roles: list[str] = field(default_factory=list)
    open_again: list[str] = field(default_factory=list)


def of_the_one_put_aside(name: str) -> Access | None:
    """Nothing where there is none, or where it is of a version that cannot be read."""
    if not name:
        return None
    with connected_as({**settings.OWNER_DATABASE, "NAME": name}):
        try:
            return _access()
        except Error:
            return None


def _access() -> Access:
    return Access(
        deactivated=frozenset(Person.objects.filter(is_active=False).values_list("username", flat=True)),
        passwords=dict(Person.objects.values_list("username", "password")),
        roles=frozenset(
            f"{person} ({role}, {slug})"
            for person, role, slug in Membership.objects.values_list("person__username", "role", "project__slug")
        ),
        archived=frozenset(Project.objects.filter(archived_at__isnull=False).values_list("slug", flat=True)),
    )


def end(made_at: str, before: Access | None) -> Told:
    """Ends them all in the restored database, on record."""
    told = Told()
    with transaction.atomic():
        if before is not None:
            told = _compared(_access(), before)
            for person in Person.objects.filter(username__in=told.still_deactivated):
                membership.deactivate(person, actor=None)
        told.tokens = tokens.revoke_all(actor=None)
        told.links = invitations.revoke_all()
        told.sessions = sessions.end_everybodys()
        audit.record(None, RESTORED, made_at=made_at, **asdict(told))
    return told


def keep(made_at: str) -> None:
    audit.record(None, RESTORED, made_at=made_at, sign_ins="kept")


def _compared(now: Access, before: Access) -> Told:
    changed = {name for name, password in now.passwords.items() if before.passwords.get(name, password) != password}
    gone = before.deactivated - now.deactivated
    return Told(
        still_deactivated=sorted(gone & now.passwords.keys()),
        older_passwords=sorted(changed - before.deactivated),
        older_roles=sorted(now.roles - before.roles),
        open_again=sorted(before.archived - now.archived),
    )


def in_words(told: Told | None, made_at: str) -> list[str]:
    """For whoever restores."""
    if told is None:
        return [f"tokens, one-time links and sessions are as they were at {made_at}: what was ended since opens again"]
    lines = [
        f"ended: {told.tokens} service tokens, {told.links} one-time links, {told.sessions} sessions; issue new ones"
    ]
    for what, names in (
        ("deactivated since, and still are", told.still_deactivated),
        ("have the password of then, or none", told.older_passwords),
        ("roles that have been taken since and are back", told.older_roles),
        ("projects that were archived since and are open", told.open_again),
    ):
        if names:
            lines.append(f"{what}: {', '.join(names)}")
    lines.append(
        f"people, roles, passwords, and what was erased, are otherwise as at {made_at}: look at the page People"
    )
    return lines


def answer(told: Told | None) -> dict[str, Any]:
    return {"sign_ins": "kept"} if told is None else {"sign_ins": "ended", **asdict(told)}
