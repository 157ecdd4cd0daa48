"""Why nothing of a file went in: the reason that most of its rows share, for commands, pages and programs alike."""

from __future__ import annotations

from django.db.models import Count, Min

from catalogue.importing.meaning.presets import NAMES
from catalogue.importing.reasons import in_words
from catalogue.importing.report import ImportReport
from catalogue.models import Import, Rejection
from jobs.models import JobState
from projects.refusals import TotalFailure, no_row_went_in


def why(batch: Import) -> TotalFailure | None:
    """None while the import runs, and where a row went in or was there already."""
    if batch.state != JobState.DONE or not batch.read or batch.rejected < batch.read:
        return None
    rows = Rejection.objects.filter(batch=batch).values_list("field", "reason")
    shared = rows.annotate(rows=Count("pk"), first=Min("row")).order_by("-rows", "first").first()
    if shared is None:
        return None
    field, reason, count, first = shared
    told = Rejection.objects.filter(batch=batch, row=first, field=field, reason=reason).values_list("told", flat=True)
    reason = in_words(reason, told.first())
    return no_row_went_in(batch.read, count, first, field, f"{_of(field)}_rejected", reason)


def would(report: ImportReport) -> TotalFailure | None:
    """Why nothing would go in, or not all of the file can be read; None where something would."""
    if report.stopped:
        return TotalFailure("unreadable_file", report.stopped)
    if report.goes_in or not report.rejections:
        return None
    shared = report.rejections[0]
    code = f"{_of(shared.field)}_rejected"
    return no_row_went_in(report.counts.read, shared.rows, shared.first[0], shared.field, code, shared.words)


def _of(field: str) -> str:
    """A field of ours is told in the code; a foreign column and a row that cannot be read are a row."""
    return field if field in NAMES else "row"
