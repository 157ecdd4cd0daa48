"""Who holds which role, and who may sign in at all. Every change is audited in its own transaction.

Roles are read at each request (projects.gates), so a change acts at the next click, in that project alone: it ends no
session. A lead only offers a first role (projects.role_offers); `add_role` is for who has agreed, and for the installation.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects import allowances, audit, invitations, role_offers, sessions, tokens
from projects.allowances import Allowance
from projects.invitations import Invitation
from projects.models import Membership, Person, Project, Role, RoleOffer
from projects.refusals import Refused

PEOPLE = Allowance("person", 600, gettext_lazy("people"))


class MembersPage(NamedTuple):
    """`after` is the user name that the next page begins behind, empty on the last."""

    rows: list[Membership]
    after: str


def members_of(project: Project, after: str, size: int) -> MembersPage:
    """So many people in the order of their user names, each with all roles."""
    held = Membership.objects.filter(project=project)
    people = Person.objects.filter(pk__in=held.values("person"), username__gt=after).order_by("username")
    found = list(people[: size + 1])
    rows = held.filter(person__in=found[:size]).select_related("person", "project")
    return MembersPage(
        list(rows.order_by("person__username", "role")), found[size - 1].username if len(found) > size else ""
    )


def projects_of(person: Person) -> list[tuple[Project, frozenset[Role]]]:
    """In the order of their names, each with the person's roles."""
    held: dict[Project, set[Role]] = {}
    rows = Membership.objects.filter(person=person, project__archived_at=None).select_related("project")
    for row in rows.order_by("project__name", "project_id"):
        held.setdefault(row.project, set()).add(Role(row.role))
    return [(project, frozenset(roles)) for project, roles in held.items()]


def add_role(project: Project, username: str, role: Role, *, actor: Person | None) -> Membership:
    """At once. Unknown and deactivated people are refused in the same words."""
    person = Person.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise Refused("unknown_name", _("Nobody who can sign in has this user name."))
    with transaction.atomic():
        membership, added = Membership.objects.get_or_create(project=project, person=person, role=role)
        if not added:
            raise Refused("held_already", _("This person holds the role already."), status=409)
        audit.record(actor, "member.added", project=project, on=person, role=role.value)
    return membership


def add_or_offer(project: Project, username: str, role: Role, *, actor: Person) -> Membership | None:
    """What a lead may: a further role for a member at once; to any other name, whether it exists or not, an offer."""
    if Membership.objects.filter(project=project, person__username=username, person__is_active=True).exists():
        return add_role(project, username, role, actor=actor)
    role_offers.offer(project, username, role, actor=actor)
    return None


def accept(offer: RoleOffer, *, person: Person) -> None:
    """The person has agreed; raises Refused where the offer was withdrawn or is over."""
    with transaction.atomic():
        taken = role_offers.take(offer, person=person)
        if not Membership.objects.filter(project=taken.project, person=person, role=taken.role).exists():
            add_role(taken.project, person.username, Role(taken.role), actor=person)


def remove_role(membership: Membership, *, actor: Person) -> None:
    """A project keeps its last lead, and leads do not step down by themselves."""
    if membership.role == Role.LEAD and membership.person_id == actor.pk:
        raise Refused("own_lead", _("You cannot take the lead role from yourself; another lead can."), status=409)
    with transaction.atomic():
        if membership.role == Role.LEAD and not _other_lead(membership):
            raise Refused("last_lead", _("A project needs a lead: this is the last one."), status=409)
        removed, _rows = Membership.objects.filter(pk=membership.pk).delete()
        if removed:
            person, role = membership.person, membership.role
            audit.record(actor, "member.removed", project=membership.project, on=person, role=role)
            if role == Role.LEAD:
                tokens.revoke_all_of(person, actor=actor, project=membership.project)
                role_offers.withdraw_all_of(person, project=membership.project)


def _other_lead(membership: Membership) -> bool:
    # Without the lock two leads who remove each other at once would leave none.
    leads = Membership.objects.select_for_update(of=("self",)).filter(project=membership.project_id, role=Role.LEAD)
    return any(lead.pk != membership.pk and lead.person.is_active for lead in leads.select_related("person"))


def create_person(
    username: str, name: str, locale: str, *, actor: Person | None, system_admin: bool = False
) -> Invitation:
    """A person without a password, and the link that sets one."""
    with transaction.atomic():
        if actor is not None:
            allowances.spend(PEOPLE, actor)
        person = Person.objects.create_person(username, name=name, locale=locale, is_system_admin=system_admin)
        audit.record(actor, "person.created", on=person, system_admin=system_admin)
        return invitations.invite(person, actor=actor)


def deactivate(person: Person, *, actor: Person | None) -> None:
    """Ends every session, link and service token for good: the password goes too, a return begins with a new link."""
    if actor is not None and person.pk == actor.pk:
        raise Refused("yourself", _("You cannot deactivate yourself."), status=409)
    lock_out(person, actor=actor)


def lock_out(person: Person, *, actor: Person | None) -> None:
    with transaction.atomic():
        # Without the condition two who press at once would both stand in the audit log.
        if Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            person.is_active = False
            person.set_unusable_password()
            person.save(update_fields=["password"])
            sessions.end_all(person)
            invitations.revoke(person)
            audit.record(actor, "person.deactivated", on=person)
            tokens.revoke_all_of(person, actor=actor)
            role_offers.withdraw_all_of(person)


def reactivate(person: Person, *, actor: Person) -> Invitation:
    if person.forgotten_at is not None:
        raise Refused("forgotten", _("Who is forgotten does not come back; create the person anew."), status=409)
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(is_active=True)
        person.is_active = True
        audit.record(actor, "person.reactivated", on=person)
        return invitations.invite(person, actor=actor)


def projects_without_lead() -> list[Project]:
    """Where a system admin may name a lead: nobody who can sign in holds the role."""
    led = Membership.objects.filter(role=Role.LEAD, person__is_active=True).values("project")
    return list(Project.objects.filter(archived_at=None).exclude(pk__in=led).order_by("name", "pk"))
