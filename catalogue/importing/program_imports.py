"""A file that a program brings: its bytes received within bounds, its columns and scale told as the command tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from catalogue.importing import named_items, presets, receiving
from catalogue.importing.inspecting import Look, Origin, look, meaning_told, origin_of, scale_for
from catalogue.importing.reading import UNSAID, ReadAs
from catalogue.importing.receiving import ConfirmedMapping
from catalogue.importing.shapes.table import asked
from catalogue.models import Import
from projects.models import Person, Project
from relevance.labels import Scale
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
    scale: str = ""
    judge_gold: bool = False
    columns: Mapping[str, str] | None = None
    reading: ReadAs = UNSAID
    rest_are_attributes: bool = False


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
    """Receive and confirm in one go. Raises FileRefused, NoPreset, ScaleUnclear, NoLicence: then nothing is kept."""
    seen = look(receiving.parts_of(uploads, told.reading), shape=asked(told.preset))
    for upload in uploads:
        upload.seek(0)
    decision = decide(project, seen, told, uploads[0].name or "")
    batch, _ = receiving.receive(project, told.kind, uploads, (), person=person, most_bytes=most, reading=told.reading)
    try:
        receiving.confirm(batch, decision, person=person)
    except Exception:
        receiving.cancel(batch, person=person)
        raise
    return batch


def decide(project: Project, seen: Look, told: ImportRequest, file_name: str) -> ConfirmedMapping:
    preset, columns = meaning_told(seen, told.kind, told.columns or {}, told.preset)
    by_item_id = named_items.by_item_id(project, seen.rows, told.kind, columns)
    known = origin_of(seen, preset)
    origin = Origin(
        (told.source or known.source or file_name)[:200],
        (told.licence or known.licence)[:120],
        (told.attribution or known.attribution)[:500],
    )
    if not origin.licence:
        raise NoLicence
    scale: Scale | None = None
    if told.kind == presets.PAIRS:
        fixed = project.pairs.exists()
        scale_asked = told.scale or (preset.labels_in if preset else "")
        scale = scale_for(seen, columns, current=project.scale, fixed=fixed, asked=scale_asked)
    return ConfirmedMapping(
        columns,
        origin,
        preset.name if preset else "",
        scale,
        told.judge_gold,
        shape=asked(told.preset),
        reading=told.reading,
        by_item_id=by_item_id,
        rest_are_attributes=told.rest_are_attributes,
    )
