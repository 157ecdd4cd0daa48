"""What a person does around an import in the browser: upload, say what the columns mean, confirm, cancel, look.

The upload is stored under a name of our own and looked into; nothing is imported before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.labels import label_values
from catalogue.importing.labels.label_consent import LabelTable, ReadValue
from catalogue.importing.labels.label_values import LabelValues
from catalogue.importing.labels.project_scale import adopt_scale, scale_of
from catalogue.importing.meaning.cells import value_key
from catalogue.importing.meaning.inspecting import Look, Origin, look
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.read_as import UNSAID, EncodingUnclear, ReadAs, SheetUnclear
from catalogue.importing.reading.readers import FileRefused
from catalogue.importing.running import Plan, open_stored
from catalogue.importing.shapes.table import asked
from catalogue.models import Image, Import, Rejection, Snapshot
from catalogue.pictures import images
from database.clock import ClockTimestamp
from jobs import kinds, leasing
from jobs.models import JobState
from projects import allowances, audit
from projects.allowances import Allowance
from projects.models import Person, Project
from relevance.sanitising import storable

FIRST_REJECTIONS = 20
COUNTING_SECONDS = 2.0  # for which a page or program waits; the import counts what is left
IMPORTS = Allowance("import", 600, gettext_lazy("imports"))


@dataclass(frozen=True)
class ConfirmedMapping:
    """What a person confirmed about a file."""

    columns: dict[str, str]
    origin: Origin
    preset: str
    table: LabelTable | None
    judge_gold: bool
    scale: str = ""  # that was named for every label of the file
    shape: str | None = None
    locale: str = ""
    reading: ReadAs = UNSAID
    by_item_id: bool = False
    rest_are_attributes: bool = False
    confirmed_by: str = "page"  # or program

    @property
    def labelled(self) -> dict[str, Any]:
        """What is kept in the audit log of how labels are read."""
        if self.table is None or not self.table.values:
            return {}
        return {"labels": self.table.labels, "labels_by": self.table.by}


@dataclass(frozen=True)
class Pace:
    """Rows a second so far, and the seconds that the rest of the file will take; None while nobody can tell."""

    rate: float | None
    left: float | None


def receive(
    project: Project,
    kind: str,
    uploads: Sequence[UploadedFile[Any]],
    pictures: Sequence[UploadedFile[Any]],
    *,
    person: Person,
    most_bytes: int,
    reading: ReadAs = UNSAID,
) -> tuple[Import, list[str]]:
    """Store the files and their pictures; raises FileRefused. Returns the import and the pictures that were refused.
    Where a file may be read in several ways, that is asked next."""
    size = sum(upload.size or 0 for upload in uploads)
    if size > most_bytes:
        raise FileRefused(_("The file is larger than %(most)s MB.") % {"most": most_bytes >> 20})
    parts = parts_of(uploads, reading)
    with suppress(EncodingUnclear, SheetUnclear):
        look(parts)
    (name, stored_as), *further = [(part.name, _store(part)) for part in parts]
    hashes, refused = _store_pictures(project, pictures)
    with transaction.atomic():
        allowances.spend(IMPORTS, person)
        batch = Import.objects.create(
            project=project,
            kind=kind,
            file_name=name,
            stored_as=stored_as,
            bytes_total=size,
            mapping=Plan(pictures=hashes, further=further).to_json(),
            images=len(set(hashes.values())),
            requested_by=person,
        )
        audit.record(person, "import.uploaded", project=project, on=batch, file=name, bytes=size)
    return batch, refused


def parts_of(uploads: Sequence[UploadedFile[Any]], reading: ReadAs = UNSAID) -> list[ImportFile]:
    return [ImportFile(storable(upload.name or "")[-255:], upload, reading) for upload in uploads]


def _store(part: ImportFile) -> str:
    part.file.seek(0)
    return default_storage.save(f"imports/{uuid4().hex}", part.file)


def _store_pictures(project: Project, pictures: Sequence[UploadedFile[Any]]) -> tuple[dict[str, str], list[str]]:
    hashes: dict[str, str] = {}
    refused: list[str] = []
    for picture in pictures:
        name = storable(picture.name or "")
        stored = images.store(project, name, picture.read(images.MAX_BYTES + 1))
        if isinstance(stored, Image):
            hashes[name] = stored.sha256
        else:
            refused.append(f"{name[:100]}: {stored}")
    return hashes, refused


def look_again(batch: Import, preset: str = "", reading: ReadAs = UNSAID) -> Look:
    """The head of uploaded files that wait to be confirmed, read so and as the preset that was chosen reads them."""
    with ExitStack() as opened:
        parts = [part._replace(reading=reading) for part in open_stored(batch, opened)]
        return look(parts, shape=asked(preset))


def label_values_of(batch: Import, preset: str, reading: ReadAs, meaning: Mapping[str, str]) -> LabelValues:
    """Of uploaded files that wait to be confirmed; all of them where the import has counted them already."""
    plan = Plan.of(batch)
    same = set(label_values.label_columns(plan.columns)) == set(label_values.label_columns(meaning))
    if plan.labels_whole and same:
        return LabelValues.again(plan.label_counts)
    with ExitStack() as opened:
        parts = [part._replace(reading=reading) for part in open_stored(batch, opened)]
        return label_values.count_in(parts, meaning, seconds=COUNTING_SECONDS, shape=asked(preset))


def labels_answered(batch: Import) -> Mapping[str, str]:
    """What has been said of some values, where the import met others later and waits again."""
    return Plan.of(batch).labels


def confirm(batch: Import, decision: ConfirmedMapping, *, person: Person) -> bool:
    """Let the import run; False when someone confirmed or cancelled it meanwhile. Raises ScaleUnclear, QueueFull."""
    kinds.refuse_beyond("import", batch.project)
    with transaction.atomic():
        scale = decision.table.scale if decision.table else None
        if scale is not None:
            adopt_scale(batch.project, scale, actor=person)
        plan = replace(
            Plan.of(batch),
            columns=decision.columns,
            judge_gold=decision.judge_gold,
            shape=decision.shape,
            locale=decision.locale,
            by_item_id=decision.by_item_id,
            rest_are_attributes=decision.rest_are_attributes,
            confirmed_by=decision.confirmed_by,
            **decision.reading._asdict(),
        )
        plan = plan.labelled(decision.table, decision.scale)
        # Without the conditions of `waiting` an import that somebody cancelled meanwhile would be on its way again.
        confirmed = waiting(batch).update(
            confirmed=True,
            mapping=plan.to_json(),
            preset=decision.preset,
            scale_name=scale.name if scale else "",
            due_at=ClockTimestamp(),
            **asdict(decision.origin),
        )
        if confirmed:
            told = {**asdict(decision.origin), **decision.labelled}
            audit.record(person, "import.confirmed", project=batch.project, on=batch, **told)
    return bool(confirmed)


def waiting(batch: Import) -> QuerySet[Import]:
    return Import.objects.filter(pk=batch.pk, confirmed=False, state=JobState.QUEUED)


def cancel(batch: Import, *, person: Person) -> bool:
    """What has gone in stays; nothing more goes in."""
    with transaction.atomic():
        cancelled = leasing.cancel(Import.objects.filter(pk=batch.pk))
        if cancelled:
            audit.record(person, "import.cancelled", project=batch.project, on=batch, read=batch.read)
    return bool(cancelled)


def label_table(batch: Import) -> LabelTable:
    """How its labels are read, and by whose word: to be looked at."""
    plan = Plan.of(batch)
    counts = sorted(plan.label_counts.items(), key=lambda one: -one[1])
    values = (ReadValue(written, count, plan.labels.get(value_key(written))) for written, count in counts)
    return LabelTable(scale_of(batch), tuple(values), plan.labels_by, plan.labels_whole)


def pace(batch: Import) -> Pace:
    """Since the import was asked for, by the database's clock."""
    since = ExpressionWrapper(ClockTimestamp() - F("created_at"), output_field=DurationField())
    elapsed = Import.objects.filter(pk=batch.pk).values_list(since, flat=True).get().total_seconds()
    if batch.state != JobState.RUNNING or not batch.read or not batch.bytes_read or elapsed <= 0:
        return Pace(None, None)
    return Pace(batch.read / elapsed, (batch.bytes_total - batch.bytes_read) * elapsed / batch.bytes_read)


def first_rejections(batch: Import) -> QuerySet[Rejection]:
    return Rejection.objects.filter(batch=batch).order_by("row", "pk")[:FIRST_REJECTIONS]


def marked(batch: Import) -> int:
    """How many of its snapshots hold signs in place of what could not be stored."""
    return Snapshot.objects.filter(batch=batch, sanitised__gt=0).count()


def rejections(batch: Import) -> Iterator[Rejection]:
    """All of them, streamed."""
    yield from Rejection.objects.filter(batch=batch).order_by("row", "pk").iterator(chunk_size=2000)
