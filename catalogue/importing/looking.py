"""The look before an import: the code of the import itself, run and taken back, and the report of what it would have done.

Everything happens in one transaction that is rolled back, so that a row is judged by the rows before it, as in the import.
It holds the project as an import does, and burns ids: in a web request one look at a time, and none waits for another.
What a rollback does not undo is not done: no picture is kept, no lexicon learnt, and nothing waits for a commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from catalogue.importing import receiving, running
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.receiving import ConfirmedMapping
from catalogue.importing.report import ImportReport
from catalogue.models import Import
from database import locks
from projects.models import Person, Project
from projects.refusals import Refused

FIRST_ROWS = 5000
FIRST_SECONDS = 1.0
PATIENCE_MS = 500  # that a look waits for the chunk of an import
RETRY_AFTER_SECONDS = 5


class Busy(Refused):
    """Somebody else looks, or an import is writing: nobody waits for that within a request."""

    retry_after = RETRY_AFTER_SECONDS

    def __init__(self) -> None:
        why = _("Another look or an import has this project in hand. Look again in a few seconds.")
        super().__init__("project_in_hand", why, status=409)


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done within is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def in_a_request(project: Project) -> Iterator[None]:
    """What is done within is undone, and done by one at a time of a project. Raises Busy."""
    with taken_back():
        # Without the lock that nobody waits for, looks into one project would stand in line with a web thread each.
        if not locks.taken_until_the_end(f"look {project.pk}"):
            raise Busy
        locks.wait_at_most(PATIENCE_MS)
        try:
            yield
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Busy from error
            raise


def at_upload(batch: Import, decision: ConfirmedMapping, *, person: Person) -> ImportReport:
    """What an upload that waits would come to if it were confirmed so. Raises FileRefused, ScaleUnclear, LabelsUnmapped,
    Busy."""
    with in_a_request(batch.project), ExitStack() as opened:
        parts = [part._replace(reading=decision.reading) for part in running.open_stored(batch, opened)]
        return confirmed(batch, parts, decision, person=person)


def confirmed(
    batch: Import, parts: Sequence[ImportFile], decision: ConfirmedMapping, *, person: Person
) -> ImportReport:
    """What the first rows of an upload that waits would come to if it were confirmed so. Called within `in_a_request`.
    Raises ScaleUnclear."""
    receiving.confirm(batch, decision, person=person)
    again = Import.objects.select_related("project").get(pk=batch.pk)
    return through(again, parts, rows=FIRST_ROWS, seconds=FIRST_SECONDS)


def brought(
    project: Project, kind: str, parts: Sequence[ImportFile], decision: ConfirmedMapping, *, person: Person
) -> ImportReport:
    """The same of a file that a program has at hand. Raises Busy."""
    with in_a_request(project):
        name, mapping = parts[0].name, running.Plan().to_json()
        batch = Import.objects.create(project=project, kind=kind, file_name=name, mapping=mapping)
        return confirmed(batch, parts, decision, person=person)


def through(
    batch: Import,
    parts: Sequence[ImportFile],
    limits: Limits = UPLOAD,
    *,
    rows: int | None = None,
    seconds: float | None = None,
) -> ImportReport:
    """What the import would do with the file, or with its first rows. Called within `taken_back`.

    Raises ScaleUnclear; a file that breaks off has its reason in the report, as the rows before it would stay in.
    """
    intake = running.intake_of(
        batch, parts, limits, keep_pictures=False, all_labels=rows is None, first=None if rows is None else rows + 1
    )
    began = None
    try:
        for chunk in intake.chunks(rows):
            began = began or time.monotonic()
            intake.take(running.held(batch), chunk)
            if seconds is not None and time.monotonic() - began > seconds:
                break
    except FileRefused as refusal:
        intake.report.stopped = str(refusal)
        return intake.report
    intake.report.whole = intake.at_end
    intake.tell_at_end()
    return intake.report
