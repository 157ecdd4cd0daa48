"""Who holds which role, and who may sign in at all. Every change is audited in its own transaction.

Roles are read at each request (projects.gates), so a change acts at once; it also ends the person's sessions, so that no
page made for the old role lives on.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from projects import audit, invitations, sessions, tokens
from projects.invitations import Invitation
from projects.models import Membership, Person, Project, Role
from projects.refusals import Refused


def members_of(project: Project) -> list[Membership]:
    return list(
        Membership.objects.filter(project=project)
        .select_related("person", "project")
        .order_by("person__username", "role")
    )


def projects_of(person: Person) -> list[tuple[Project, frozenset[Role]]]:
    """In the order of their names, each with the person's roles."""
    held: dict[Project, set[Role]] = {}
    rows = Membership.objects.filter(person=person, project__archived_at=None).select_related("project")
    for row in rows.order_by("project__name", "project_id"):
        held.setdefault(row.project, set()).add(Role(row.role))
    return [(project, frozenset(roles)) for project, roles in held.items()]


def add_role(project: Project, username: str, role: Role, *, actor: Person | None) -> Membership:
    """Unknown and deactivated people are refused in the same words."""
    person = Person.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise Refused("unknown_name", _("Nobody who can sign in has this user name."))
    with transaction.atomic():
        membership, added = Membership.objects.get_or_create(project=project, person=person, role=role)
        if not added:
            raise Refused("held_already", _("This person holds the role already."), status=409)
        sessions.end_all(person)
        audit.record(actor, "member.added", project=project, on=person, role=role.value)
    return membership


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
            sessions.end_all(person)
            audit.record(actor, "member.removed", project=membership.project, on=person, role=role)
            if role == Role.LEAD:
                tokens.revoke_all_of(person, actor=actor, project=membership.project)


def _other_lead(membership: Membership) -> bool:
    # Without the lock two leads who remove each other at once would leave none.
    leads = Membership.objects.select_for_update(of=("self",)).filter(project=membership.project_id, role=Role.LEAD)
    return any(lead.pk != membership.pk and lead.person.is_active for lead in leads.select_related("person"))


def create_person(
    username: str, name: str, locale: str, *, actor: Person | None, system_admin: bool = False
) -> Invitation:
    """A person without a password, and the link that sets one."""
    with transaction.atomic():
        person = Person.objects.create_person(username, name=name, locale=locale, is_system_admin=system_admin)
        audit.record(actor, "person.created", on=person, system_admin=system_admin)
        return invitations.invite(person, actor=actor)


def deactivate(person: Person, *, actor: Person) -> None:
    """Ends every session, link and service token for good: the password goes too, a return begins with a new link."""
    if person.pk == actor.pk:
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
