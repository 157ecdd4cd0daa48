"""A role offered by its user name: nobody becomes a member of a project unasked.

The offer stands on the person's home page, to be accepted or declined; whoever made it learns neither that the name
exists nor that it was declined. It ends with its time, when a lead withdraws it, or with the lead role of who made it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from database.clock import ClockTimestamp
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Membership, Person, Project, Role, RoleOffer
from projects.refusals import Refused

VALID_FOR = timedelta(days=14)
OFFERS = Allowance("role.offer", 60, gettext_lazy("invitations"))


def alive() -> QuerySet[RoleOffer]:
    """Only while whoever made it leads the project."""
    leads = Membership.objects.filter(project=OuterRef("project"), person=OuterRef("offered_by"), role=Role.LEAD)
    return RoleOffer.objects.filter(Exists(leads), expires_at__gt=ClockTimestamp(), offered_by__is_active=True)


def waiting_in(project: Project) -> QuerySet[RoleOffer]:
    """As the project sees them: a declined one waits like an unanswered one."""
    return alive().filter(project=project).order_by("-pk")


def waiting_for(person: Person) -> QuerySet[RoleOffer]:
    rows = alive().filter(username=person.username, declined_at=None, project__archived_at=None)
    return rows.select_related("project").order_by("-pk")


def offer(project: Project, username: str, role: Role, *, actor: Person) -> RoleOffer:
    with transaction.atomic():
        allowances.spend(OFFERS, actor)
        # Without this an offer whose time is over would keep its name from ever being asked again.
        RoleOffer.objects.filter(project=project, username=username, role=role).exclude(
            pk__in=alive().values("pk")
        ).delete()
        made, new = RoleOffer.objects.get_or_create(
            project=project,
            username=username,
            role=role,
            defaults={"offered_by": actor, "expires_at": ClockTimestamp() + VALID_FOR},
        )
        if not new:
            raise Refused("offered_already", _("This role is offered to this user name already."), status=409)
        made.refresh_from_db(fields=["expires_at"])
        audit.record(actor, "role.offered", project=project, on=made, role=role.value)
    return made


def take(offer: RoleOffer, *, person: Person) -> RoleOffer:
    """The offer, used up by its person; call it in the transaction that makes the member."""
    # Without the lock a lead who withdraws the offer at this moment would be told so, and the person be in all the same.
    found = RoleOffer.objects.select_for_update(of=("self",)).filter(
        pk__in=waiting_for(person).values("pk"), pk=offer.pk
    )
    taken = found.select_related("project").first()
    if taken is None:
        raise Refused("offer_over", _("This invitation has been withdrawn, or its time is over."), status=409)
    RoleOffer.objects.filter(pk=taken.pk).delete()
    return taken


def decline(offer: RoleOffer) -> None:
    RoleOffer.objects.filter(pk=offer.pk, declined_at=None).update(declined_at=ClockTimestamp())


def withdraw(offer: RoleOffer, *, actor: Person) -> None:
    with transaction.atomic():
        gone, _rows = RoleOffer.objects.filter(pk=offer.pk).delete()
        if gone:
            audit.record(actor, "role.withdrawn", project=offer.project, on=offer, role=offer.role)


def withdraw_all_of(person: Person, *, project: Project | None = None) -> None:
    """Whoever may no longer add people leaves no door behind."""
    where = Q(offered_by=person) if project is None else Q(offered_by=person, project=project)
    RoleOffer.objects.filter(where).delete()
