"""The rule owners of the installation: who changes the rules that projects follow. System admins appoint and dismiss them.

The role of a project that has the same name is handed out by its lead and reaches no further than that project.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from projects import audit
from projects.models import Person
from projects.refusals import Refused
from projects.requests import CHOICES


def appoint(person: Person, *, actor: Person | None) -> bool:
    """False where the person was one before. Raises Refused."""
    if not person.is_active:
        raise Refused("deactivated", _("Reactivate the person first."), status=409)
    return _set(person, "rule_owner.appointed", actor, owner=True)


def dismiss(person: Person, *, actor: Person | None) -> bool:
    """False where the person was none."""
    return _set(person, "rule_owner.dismissed", actor, owner=False)


def rule_owners() -> list[Person]:
    """Who may change rules now, by name; a hundred at most."""
    return list(Person.objects.filter(is_active=True, is_rule_owner=True).order_by("username")[:CHOICES])


def _set(person: Person, act: str, actor: Person | None, *, owner: bool) -> bool:
    with transaction.atomic():
        # Without the condition two who press at once would both stand in the audit log.
        changed = Person.objects.filter(pk=person.pk, is_rule_owner=not owner).update(is_rule_owner=owner)
        person.is_rule_owner = owner
        if changed:
            audit.record(actor, act, on=person)
    return bool(changed)
