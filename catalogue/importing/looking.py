"""The look before an import: the code of the import itself, run and taken back, and the report of what it would have done.

Everything happens in one transaction that is rolled back, so that a row is judged by the rows before it, as in the import.
It holds the project as an import does, and burns ids. What a rollback does not undo is not done: no picture is kept, no
lexicon learnt, and nothing waits for a commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from django.db import transaction

from catalogue.importing import receiving, running
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.receiving import ConfirmedMapping
from catalogue.importing.report import ImportReport
from catalogue.models import Import
from projects.models import Person, Project

FIRST_ROWS = 5000
FIRST_SECONDS = 1.0


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done within is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def at_upload(batch: Import, decision: ConfirmedMapping, *, person: Person) -> ImportReport:
    """What an upload that waits would come to if it were confirmed so. Raises FileRefused, ScaleUnclear, LabelsUnmapped."""
    with ExitStack() as opened:
        parts = [part._replace(reading=decision.reading) for part in running.open_stored(batch, opened)]
        return confirmed(batch, parts, decision, person=person)


def confirmed(
    batch: Import, parts: Sequence[ImportFile], decision: ConfirmedMapping, *, person: Person
) -> ImportReport:
    """What the first rows of an upload that waits would come to if it were confirmed so. Raises ScaleUnclear."""
    with taken_back():
        receiving.confirm(batch, decision, person=person)
        again = Import.objects.select_related("project").get(pk=batch.pk)
        return through(again, parts, rows=FIRST_ROWS, seconds=FIRST_SECONDS)


def brought(
    project: Project, kind: str, parts: Sequence[ImportFile], decision: ConfirmedMapping, *, person: Person
) -> ImportReport:
    """The same of a file that a program has at hand."""
    with taken_back():
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
