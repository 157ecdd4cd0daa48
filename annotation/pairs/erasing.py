"""The text of a query that is to be erased, since it says something of who typed it. What was judged stays, under a marker.

From then on the query is called by its number. Nobody is asked to judge it any more, no run asks a model about it and no export
holds it, one that is being written is begun anew; its labels count in figures as before. What is not reached is said by whoever
offers it: `not_reached`.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.curation import exporting
from annotation.models import Disagreement, Export, Lease, Slot
from catalogue.importing import originals
from catalogue.models import Import, Query
from database.statements import rows
from inference.models import PrelabelJob, Trial
from jobs import leasing
from projects import audit
from projects.models import Person, Project
from projects.refusals import Refused
from rules.models import RuleVersion


class NotReached(NamedTuple):
    """What holds the text still: sealed exports and uploaded files, which may be removed, and rules that quote it, which stay."""

    exports: int
    uploads: int
    rules: list[str]


def not_reached(query: Query) -> NotReached:
    sealed = Export.objects.filter(project=query.project, state="done").exclude(folder="")
    uploads = Import.objects.filter(project=query.project).exclude(stored_as="")
    quoting = RuleVersion.objects.filter(body__icontains=query.text).values_list("rule__code", flat=True)
    return NotReached(sealed.count(), uploads.count(), sorted(set(quoting)))


def erase(query: Query, *, files: bool, actor: Person | None) -> str:
    """What the query is called now. `files`: sealed exports and uploads of its project are removed. Raises Refused."""
    with transaction.atomic():
        # Without the lock two who press at once would both stand in the audit log.
        held = Query.objects.select_for_update(no_key=True).select_related("project").get(pk=query.pk)
        if held.erased_at is not None:
            raise Refused("erased", _("This query is erased already."), status=409)
        _ask_nobody(held)
        ((marker,),) = rows("SELECT erase_query(%s)", held.pk)
        audit.record(actor, "query.erased", project=held.project, on=held, files=files)
    if files:
        remove_files(held.project)
    return str(marker)


def _ask_nobody(query: Query) -> None:
    pairs = query.pairs.values("pk")
    Lease.objects.filter(pair__in=pairs, state=Lease.State.LIVE).update(state=Lease.State.RELEASED)
    Slot.objects.filter(pair__in=pairs, state__in=[Slot.State.OPEN, Slot.State.LEASED]).update(state=Slot.State.CLOSED)
    Disagreement.objects.filter(pair__in=pairs, state=Disagreement.State.OPEN).update(
        state=Disagreement.State.WITHDRAWN
    )
    for model in (PrelabelJob, Trial):
        leasing.cancel(model._default_manager.filter(pair__in=pairs))
    # What it has written so far holds the text; sealed, it would be downloaded.
    leasing.begin_anew(Export.objects.filter(project=query.project))


def remove_files(project: Project) -> None:
    exporting.discard_all_of(project)
    originals.remove_all_of(project)
