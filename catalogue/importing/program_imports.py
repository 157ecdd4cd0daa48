"""A file that a program brings: its bytes received within bounds, its columns and scale told as the command tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from catalogue.importing import looking, named_items, receiving
from catalogue.importing.labels import label_values
from catalogue.importing.labels.label_consent import LabelTable, Said, agree
from catalogue.importing.meaning import presets
from catalogue.importing.meaning.inspecting import Look, Origin, look, looks_like, meaning_told, origin_of
from catalogue.importing.opening import ImportFile
from catalogue.importing.reading.read_as import UNSAID, ReadAs
from catalogue.importing.receiving import ConfirmedMapping
from catalogue.importing.report import ImportReport
from catalogue.importing.shapes.table import asked
from catalogue.models import Import
from projects.models import Person, Project
from relevance.sanitising import storable

PIECE = 1 << 16


class TooLarge(Exception):
    """More bytes than an import takes."""


class CutOff(Exception):
    """The connection ended before the file did."""


class NoLicence(Exception):
    """Neither the request nor the file says under which licence the texts are."""


class Stream(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class ImportRequest:
    """What the request says about its file; empty is for the file itself to say."""

    kind: str
    preset: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    locale: str = ""
    scale: str = ""
    judge_gold: bool = False
    look: bool = False
    columns: Mapping[str, str] | None = None
    reading: ReadAs = UNSAID
    rest_are_attributes: bool = False
    labels: Mapping[str, str] | None = None


def collect(stream: Stream, name: str, *, announced: int, most: int) -> UploadedFile[Any]:
    """The body of a request in a file of its own. Raises TooLarge, CutOff."""
    if announced > most:
        raise TooLarge
    last = PurePath(storable(name)).name
    upload = TemporaryUploadedFile("upload" if last in {"", ".", ".."} else last, "application/octet-stream", 0, None)
    size = 0
    try:
        while piece := stream.read(PIECE):
            size += len(piece)
            upload.write(piece)
    finally:
        if size != announced:
            upload.close()
    if size != announced:
        raise CutOff
    upload.size = size
    upload.seek(0)
    return upload


def bring(
    project: Project, uploads: Sequence[UploadedFile[Any]], told: ImportRequest, *, person: Person, most: int
) -> Import:
    """Receive and confirm in one go. Raises FileRefused, NoPreset, ScaleUnclear, UnknownLabel, LabelsUnmapped, NoLicence:
    then nothing is kept."""
    decision = _decided(project, uploads, told)
    batch, _ = receiving.receive(project, told.kind, uploads, (), person=person, most_bytes=most, reading=told.reading)
    try:
        receiving.confirm(batch, decision, person=person)
    except Exception:
        receiving.cancel(batch, person=person)
        raise
    return batch


def look_into(
    project: Project, uploads: Sequence[UploadedFile[Any]], told: ImportRequest, *, person: Person
) -> ImportReport:
    """What `bring` would do, and raises what it would raise; nothing is kept."""
    decision = _decided(project, uploads, told)
    return looking.brought(project, told.kind, receiving.parts_of(uploads, told.reading), decision, person=person)


def _decided(project: Project, uploads: Sequence[UploadedFile[Any]], told: ImportRequest) -> ConfirmedMapping:
    parts = receiving.parts_of(uploads, told.reading)
    seen = look(parts, shape=asked(told.preset))
    decision = decide(project, seen, told, parts)
    for upload in uploads:
        upload.seek(0)
    return decision


def decide(project: Project, seen: Look, told: ImportRequest, parts: Sequence[ImportFile]) -> ConfirmedMapping:
    preset, columns = meaning_told(seen, told.kind, told.columns or {}, told.preset)
    by_item_id = named_items.by_item_id(project, seen.rows, told.kind, columns, looks_like(seen, preset))
    known = origin_of(seen, preset)
    origin = Origin(
        (told.source or known.source or parts[0].name)[:200],
        (told.licence or known.licence)[:120],
        (told.attribution or known.attribution)[:500],
    )
    if not origin.licence:
        raise NoLicence
    table: LabelTable | None = None
    if told.kind == presets.PAIRS:
        values = label_values.count_in(parts, columns, seconds=receiving.COUNTING_SECONDS, shape=asked(told.preset))
        said = Said(told.labels or {}, told.scale, preset)
        table = agree(values, said, current=project.scale, fixed=project.pairs.exists()).or_refuse()
    return ConfirmedMapping(
        columns,
        origin,
        preset.name if preset else "",
        table,
        told.judge_gold,
        told.scale,
        shape=asked(told.preset),
        locale=told.locale,
        reading=told.reading,
        by_item_id=by_item_id,
        rest_are_attributes=told.rest_are_attributes,
        confirmed_by="program",
    )
