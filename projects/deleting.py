"""A project that is deleted for good: its rows and files, and nothing of any other. Only once it is archived.

Asked for by a system admin, who types its address; a worker then deletes some thousand rows at a time and begins again where it
was killed. That it happened, what it was called and who asked stays in the audit log of the installation.
"""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from database import locks
from database.statements import rows, run
from projects import audit, rows_of_project
from projects.hooks import Hook
from projects.models import Deletion, Person, Project
from projects.refusals import Refused

logger = logging.getLogger(__name__)
MOST = 5000
MOST_FRUITLESS = 20

# Its jobs end and its files go, before the rows that name them; may be called again.
project_leaves: Hook[[Project], None] = Hook()


def ask(project: Project, *, typed: str, actor: Person | None) -> Deletion:
    """From now on nothing brings it back. Raises Refused. `typed`: its address, by whoever means it."""
    if typed != project.slug:
        raise Refused(
            "typed_otherwise", _("Type the address of the project exactly as it stands: nothing was changed.")
        )
    with transaction.atomic():
        # Without the lock it could be restored in this moment, and be deleted while people work in it.
        held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if held.archived_at is None:
            raise Refused("not_archived", _("Archive the project first."), status=409)
        deletion, new = Deletion.objects.get_or_create(project=held, defaults={"asked_by": actor})
        if new:
            audit.record(actor, "project.deletion_asked", on=held, slug=held.slug)
    return deletion


def go_on() -> int:
    """Some rows of some project that is to go; how many that were, and one for a step that had none left. Several workers may."""
    with transaction.atomic():
        # Without SKIP LOCKED a second worker would wait for the first, only to do the same.
        deletion = Deletion.objects.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
        if deletion is None:
            run("SELECT end_of_deletion()")
            return 0
        try:
            with transaction.atomic():
                prepared = _prepared(deletion)
        except locks.Taken:  # what it would remove is in use at this moment: another call tries again
            return 0
        if not prepared:
            return 1
        try:
            with transaction.atomic():
                return _some(deletion)
        except IntegrityError as error:
            # What still ran when its jobs were ended has written a row behind us: from the first step on once more.
            logger.warning("deleting project %s begins anew: %s", deletion.project_id, error)
            Deletion.objects.filter(pk=deletion.pk).update(step=0)
            return 0


def _prepared(deletion: Deletion) -> bool:
    if deletion.prepared:
        return True
    # Without it PostgreSQL makes no index on a table whose rows this transaction has changed and not checked yet.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    if rows("SELECT index_for_deletion()")[0][0] is None:
        project_leaves(deletion.project)
        Deletion.objects.filter(pk=deletion.pk).update(prepared=True)
    return False


def _some(deletion: Deletion) -> int:
    project, told = deletion.project, rows_of_project.steps()
    ((gone,),) = rows("SELECT delete_of_project(%s, %s, %s)", project.pk, deletion.step, MOST)
    if deletion.step == len(told):
        audit.record(deletion.asked_by, "project.deleted", on=project, slug=project.slug, rows=deletion.rows_gone)
    # Without it a row that was written behind us would be found only when the whole transaction ends, too late to go on.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    further = 0 if gone else 1
    Deletion.objects.filter(pk=deletion.pk).update(step=F("step") + further, rows_gone=F("rows_gone") + gone)
    return int(gone) or 1


def to_the_end(deletion: Deletion) -> None:
    """For a command: all of it at once."""
    fruitless = 0
    while Deletion.objects.filter(pk=deletion.pk).exists():
        fruitless += not go_on()
        if fruitless > MOST_FRUITLESS:
            raise Refused(
                "still_written",
                _("Something still writes into this project; workers go on with its deletion."),
                status=409,
            )
    go_on()
