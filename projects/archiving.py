"""Putting a project away, and bringing it back. Nothing is deleted (`deleting` does), and nothing changes but that nobody may
enter.

What the gate lets in is asked at every request (projects.gates), so pages, tokens and roles of an archived project open
nothing from the next click on. What a worker has begun or what waits for one goes on to its end.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from database.clock import ClockTimestamp
from projects import audit
from projects.models import Deletion, Membership, Person, Project, Role
from projects.refusals import Refused


def kept_by(person: Person) -> QuerySet[Project]:
    """The projects that a person may archive and restore: all for a system admin, else those that they lead."""
    projects = Project.objects.order_by("slug")
    if person.is_system_admin:
        return projects
    return projects.filter(pk__in=Membership.objects.filter(person=person, role=Role.LEAD).values("project"))


def archive(project: Project, *, actor: Person | None) -> bool:
    """False where it was archived before."""
    with transaction.atomic():
        # Without the condition two who press at once would both stand in the audit log.
        done = Project.objects.filter(pk=project.pk, archived_at=None).update(archived_at=ClockTimestamp())
        if done:
            audit.record(actor, "project.archived", project=project, on=project, slug=project.slug)
    return bool(done)


def restore(project: Project, *, actor: Person | None) -> bool:
    """False where it was not archived. Raises Refused where it is being deleted."""
    with transaction.atomic():
        # Without the lock it could be restored in the moment in which its deletion is asked for.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if Deletion.objects.filter(project=project).exists():
            raise Refused("being_deleted", _("This project is being deleted; nothing brings it back."), status=409)
        # Without the condition two who press at once would both stand in the audit log.
        done = Project.objects.filter(pk=project.pk, archived_at__isnull=False).update(archived_at=None)
        if done:
            audit.record(actor, "project.restored", project=project, on=project, slug=project.slug)
    return bool(done)
