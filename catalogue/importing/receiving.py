"""What a person does around an import in the browser: upload, say what the columns mean, confirm, cancel, look.

The upload is stored under a name of our own and looked into; nothing is imported before it is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.utils.translation import gettext as _

from catalogue.importing.inspecting import Look, Origin, look
from catalogue.importing.opening import ImportFile
from catalogue.importing.readers import FileRefused
from catalogue.importing.reading import UNSAID, EncodingUnclear, ReadAs, SheetUnclear
from catalogue.importing.running import Plan, adopt_scale, open_stored
from catalogue.importing.shapes.table import asked
from catalogue.models import Image, Import, Rejection, Snapshot
from catalogue.pictures import images
from database.clock import ClockTimestamp
from jobs import leasing
from jobs.models import JobState
from projects import audit
from projects.models import Person, Project
from relevance.labels import Scale
from relevance.sanitising import storable

FIRST_REJECTIONS = 20


@dataclass(frozen=True)
class ConfirmedMapping:
    """What a person confirmed about a file."""

    columns: dict[str, str]
    origin: Origin
    preset: str
    scale: Scale | None
    judge_gold: bool
    shape: str | None = None
    reading: ReadAs = UNSAID
    by_item_id: bool = False
    rest_are_attributes: bool = False


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


def confirm(batch: Import, decision: ConfirmedMapping, *, person: Person) -> bool:
    """Let the import run; False when someone confirmed or cancelled it meanwhile. Raises ScaleUnclear."""
    with transaction.atomic():
        if decision.scale is not None:
            adopt_scale(batch.project, decision.scale, actor=person)
        plan = replace(
            Plan.of(batch),
            columns=decision.columns,
            judge_gold=decision.judge_gold,
            shape=decision.shape,
            by_item_id=decision.by_item_id,
            rest_are_attributes=decision.rest_are_attributes,
            **decision.reading._asdict(),
        )
        # Without the conditions of `waiting` an import that somebody cancelled meanwhile would be on its way again.
        confirmed = waiting(batch).update(
            confirmed=True,
            mapping=plan.to_json(),
            preset=decision.preset,
            scale_name=decision.scale.name if decision.scale else "",
            due_at=ClockTimestamp(),
            **asdict(decision.origin),
        )
        if confirmed:
            audit.record(person, "import.confirmed", project=batch.project, on=batch, **asdict(decision.origin))
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


def rejection_rows(batch: Import) -> Iterator[tuple[int, str, str, str]]:
    """All of them, streamed."""
    rows = Rejection.objects.filter(batch=batch).order_by("row", "pk")
    yield from rows.values_list("row", "field", "reason", "raw").iterator(chunk_size=2000)
