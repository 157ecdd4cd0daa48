"""What programs are told of imports: how far one is, what a look says, the lines of its lists."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from catalogue.importing import nothing_in, receiving, report_words
from catalogue.importing.report import ImportReport
from catalogue.models import Import, LabelConflict
from jobs.leasing import LIVE
from jobs.models import JobState
from projects.problems import WhyNothing


class LabelValue(BaseModel):
    """A value of the labels of a file."""

    value: str = Field(description="As the file first writes it.")
    count: int = Field(description="Labels that say it; ratings are counted one by one.")
    label: str | None = Field(description="The label that it is, empty for none; null where nobody has said.")


class ImportState(BaseModel):
    """How far an import is. Ask until `ended`."""

    import_: int = Field(serialization_alias="import", description="Its number.")
    kind: str = Field(description="`pairs` or `items`.")
    file: str = Field(description="The file's name.")
    state: str = Field(
        json_schema_extra={"enum": [*JobState.values]}, description="`failed` is tried again, `dead` is not."
    )
    ended: bool = Field(description="Nothing more will happen to it by itself.")
    bytes_total: int = Field(description="Size of the file in bytes.")
    bytes_read: int = Field(description="Bytes of it that were read.")
    read: int = Field(description="Rows that were read.")
    new: int = Field(description="Rows that made a pair or an item.")
    known: int = Field(description="Rows that were there already, with the same content.")
    changed: int = Field(description="Rows whose item has other content than before.")
    rejected: int = Field(description="Rows that did not go in; `rejected/` lists them.")
    gold: int = Field(description="Rows with a gold label.")
    ratings: int = Field(description="Labels of single raters.")
    predictions: int = Field(description="Predictions of models outside of here that were added.")
    images: int = Field(description="Pictures that came with the file.")
    conflicts: int | None = Field(
        description="Labels that are not what stands; `conflicts/` lists them. Null for a token without the scope `export`."
    )
    replaced: int = Field(description="Bytes that could not be read, for which U+FFFD stands (`replace`).")
    error: str = Field(description="Code of what stopped it; empty where nothing did.")
    labels: list[LabelValue] = Field(description="What each value of its labels is, the most frequent first.")
    labels_by: str = Field(
        description="By whose word: `preset NAME`, `names` (they are the labels' own), `call`, `person`; empty where there "
        "are none."
    )
    waits_for_labels: bool = Field(
        description="A value turned up in a file too large to be looked through at once, and nobody has said what it is: no "
        "row is stored. Say it on its page, or bring the file again with `labels`."
    )
    why_nothing: WhyNothing | None = Field(
        description="Once it is done and no row went in or was there already: the reason that most rows share. Else null."
    )
    report: ImportReport | None = Field(
        description="What it read, as what, and what was lost; null before the first rows."
    )


class ImportLook(BaseModel):
    """What an import would do with the first 5,000 rows of its file, or with those of one second. Nothing is stored."""

    summary: str = Field(description="One sentence for people.")
    why_nothing: WhyNothing | None = Field(
        description="Where no row would go in, or the file breaks off: the reason. Else null."
    )
    report: ImportReport = Field(description="As the import itself tells it afterwards.")


class ConflictingLabel(BaseModel):
    """One line of the list of labels that are not what stands."""

    row: int = Field(description="Number of the row in the file, from 1.")
    query: str = Field(description="The pair's query.")
    locale: str = Field(description="Its locale.")
    item: str = Field(description="The item's id.")
    rater: str = Field(description="Whose label it is; empty for a final one.")
    said: str = Field(description="The label of the row.")
    said_mismatch: str = Field(description="Its dimension, where it names one.")
    met: str = Field(description="The label that was there.")
    met_mismatch: str = Field(description="Its dimension, where it names one.")
    ground: str = Field(
        json_schema_extra={"enum": [*LabelConflict.Ground.values]}, description="Of the label that was there."
    )
    stands: str = Field(description="The label that stands now.")


class RejectedRow(BaseModel):
    """One line of the list of rows that did not go in."""

    row: int = Field(description="Number of the row in the file, from 1.")
    field: str = Field(description="The field it failed for; empty where it is the row as a whole.")
    code: str = Field(description="Of why: the same for all rows that fail alike. Empty for rows of earlier versions.")
    reason: str = Field(description="Why, as an English sentence.")
    raw: str = Field(description="The row as it stood in the file, or its beginning.")


def _untold(report: ImportReport) -> ImportReport:
    """Without the count of conflicts: who sends each label once would read from it which one stands."""
    return report.model_copy(update={"counts": replace(report.counts, conflicts=0)})


def state_of(batch: Import, *, tells_labels: bool) -> ImportState:
    """`tells_labels`: whether the program may read labels, by the scope `export`."""
    table = receiving.label_table(batch)
    report = ImportReport.model_validate(batch.report) if batch.report else None
    waits = not batch.confirmed and batch.state == JobState.QUEUED and bool(table.unread)
    return ImportState(
        import_=batch.pk,
        kind=batch.kind,
        file=batch.file_name,
        state=batch.state,
        ended=batch.state not in LIVE or waits,
        bytes_total=batch.bytes_total,
        bytes_read=batch.bytes_read,
        read=batch.read,
        new=batch.new,
        known=batch.known,
        changed=batch.changed,
        rejected=batch.rejected,
        gold=batch.gold,
        ratings=batch.ratings,
        predictions=batch.predictions,
        images=batch.images,
        conflicts=batch.conflicts if tells_labels else None,
        replaced=batch.replaced,
        error=batch.error,
        labels=[LabelValue(value=one.written, count=one.rows, label=one.label) for one in table.values],
        labels_by=table.by,
        waits_for_labels=waits,
        why_nothing=WhyNothing.of(nothing_in.why(batch)),
        report=report if report is None or tells_labels else _untold(report),
    )


def look_of(report: ImportReport, *, tells_labels: bool) -> ImportLook:
    report = report if tells_labels else _untold(report)
    why = WhyNothing.of(nothing_in.would(report))
    return ImportLook(summary=report_words.summary(report, done=False), why_nothing=why, report=report)
