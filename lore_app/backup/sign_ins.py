"""What a restore does with the ways in: what had been taken away since the backup does not come back with it.

Tokens, one-time links and sessions end. Whoever is deactivated in the database that is put aside stays so, and whoever was
forgotten there is forgotten again. Passwords, roles and archived projects are as the backup has them; where the database put
aside tells of others, they are named.

People are compared by number and the moment they were created: a user name changes when its person is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from django.db.models import QuerySet

from database.connecting import connected_as
from projects import audit, forgetting, invitations, membership, sessions, tokens
from projects.models import Membership, Person, Project

RESTORED = "backup.restored"


Who = tuple[int, datetime]  # number and the moment of creation


@dataclass(frozen=True)
class Access:
    """Who may do what in a database: numbers and slugs, never a secret."""

    deactivated: frozenset[Who] = frozenset()
    forgotten: frozenset[Who] = frozenset()
    passwords: dict[Who, str] = field(default_factory=dict)
    roles: frozenset[tuple[Who, str, str]] = frozenset()
    archived: frozenset[str] = frozenset()


@dataclass
class Told:
    """For the answer of the command and the audit log."""

    kept: bool = False
    tokens: int = 0
    links: int = 0
    sessions: int = 0
    forgotten_again: list[Person] = field(default_factory=list)
    still_deactivated: list[Person] = field(default_factory=list)
    older_passwords: list[Person] = field(default_factory=list)
    older_roles: list[tuple[Person, str, str]] = field(default_factory=list)
    open_again: list[str] = field(default_factory=list)

    def calling(self, people: Callable[[Person], int | str]) -> dict[str, Any]:
        """All of it, each person as `people` calls them."""
        told: dict[str, Any] = {"sign_ins": "kept" if self.kept else "ended"}
        told["forgotten_again"] = [people(one) for one in self.forgotten_again]
        if self.kept:
            return told
        return {
            **told,
            "tokens": self.tokens,
            "links": self.links,
            "sessions": self.sessions,
            "still_deactivated": [people(one) for one in self.still_deactivated],
            "older_passwords": [people(one) for one in self.older_passwords],
            "older_roles": [f"{people(one)} ({role}, {slug})" for one, role, slug in self.older_roles],
            "open_again": self.open_again,
        }


def of_the_one_put_aside(name: str) -> Access | None:
    """Nothing where there is none, or where it is of a version that cannot be read."""
    if not name:
        return None
    with connected_as({**settings.OWNER_DATABASE, "NAME": name}):
        try:
            return replace(_access(), forgotten=_forgotten())
        except Error:
            return None


def _access() -> Access:
    return Access(
        deactivated=frozenset(_numbers().filter(is_active=False)),
        passwords={(pk, made): password for pk, made, password in _numbers("password")},
        roles=frozenset(
            ((pk, made), role, slug)
            for pk, made, role, slug in Membership.objects.values_list(
                "person", "person__created_at", "role", "project__slug"
            )
        ),
        archived=frozenset(Project.objects.filter(archived_at__isnull=False).values_list("slug", flat=True)),
    )


def _numbers(*further: str) -> QuerySet[Person, Any]:
    return Person.objects.values_list("pk", "created_at", *further)


def _forgotten() -> frozenset[Who]:
    """Nobody where the version knows of no forgetting: who is deactivated there stays so all the same."""
    try:
        return frozenset(_numbers().filter(forgotten_at__isnull=False))
    except Error:
        return frozenset()


def end(made_at: str, before: Access | None) -> Told:
    """Ends them all in the restored database, on record."""
    told = Told()
    with transaction.atomic():
        if before is not None:
            told = _compared(_access(), before)
            _forget_again(told)
            for person in told.still_deactivated:
                membership.deactivate(person, actor=None)
        told.tokens = tokens.revoke_all(actor=None)
        told.links = invitations.revoke_all()
        told.sessions = sessions.end_everybodys()
        _on_record(told, made_at)
    return told


def keep(made_at: str, before: Access | None) -> Told:
    """All but those of people who were forgotten: that is for good."""
    told = Told(kept=True)
    with transaction.atomic():
        if before is not None:
            told.forgotten_again = _compared(_access(), before).forgotten_again
            _forget_again(told)
        _on_record(told, made_at)
    return told


def _forget_again(told: Told) -> None:
    for person in told.forgotten_again:
        person.username = forgetting.forget(person, typed=person.username, actor=None)


def _on_record(told: Told, made_at: str) -> None:
    audit.record(None, RESTORED, made_at=made_at, **told.calling(lambda person: person.pk))


def _compared(now: Access, before: Access) -> Told:
    people = {(one.pk, one.created_at): one for one in Person.objects.order_by("username")}
    there = {who: one for who, one in people.items() if who not in before.forgotten}
    gone = before.deactivated - now.deactivated
    changed = {who for who, password in now.passwords.items() if before.passwords.get(who, password) != password}
    taken = [(there[who], role, slug) for who, role, slug in now.roles - before.roles if who in there]
    return Told(
        forgotten_again=[one for who, one in people.items() if who in before.forgotten and one.forgotten_at is None],
        still_deactivated=[one for who, one in there.items() if who in gone],
        older_passwords=[one for who, one in there.items() if who in changed - before.deactivated],
        older_roles=sorted(taken, key=lambda held: (held[0].username, *held[1:])),
        open_again=sorted(before.archived - now.archived),
    )


def in_words(told: Told, made_at: str) -> list[str]:
    """For whoever restores."""
    names = answer(told)
    again = [f"forgotten since, and again: {', '.join(names['forgotten_again'])}"] if told.forgotten_again else []
    if told.kept:
        kept = f"tokens, one-time links and sessions are as they were at {made_at}: what was ended since opens again"
        return [*again, kept]
    lines = [
        f"ended: {told.tokens} service tokens, {told.links} one-time links, {told.sessions} sessions; issue new ones",
        *again,
    ]
    for what, key in (
        ("deactivated since, and still are", "still_deactivated"),
        ("have the password of then, or none", "older_passwords"),
        ("roles that have been taken since and are back", "older_roles"),
        ("projects that were archived since and are open", "open_again"),
    ):
        if names[key]:
            lines.append(f"{what}: {', '.join(names[key])}")
    lines.append(
        f"people, roles, passwords, and what was erased, are otherwise as at {made_at}: look at the page People"
    )
    return lines


def answer(told: Told) -> dict[str, Any]:
    return told.calling(lambda person: person.username)
