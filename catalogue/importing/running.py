"""Import, as a job: read a file row by row, write chunk by chunk, say how far it has come.

Each chunk is one transaction with its counts and its place in the file, under the fencing token: a killed import goes
on after its last chunk, a superseded or cancelled one writes nothing more. A row that cannot go in is kept as a
rejection with its number, field and reason, and keeps no other row out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from catalogue.evidence import lexicons
from catalogue.importing import predictions
from catalogue.importing.inspecting import Origin, ScaleUnclear
from catalogue.importing.limits import COMMAND, UPLOAD, Limits
from catalogue.importing.mapping import Mapper, Record
from catalogue.importing.opening import ImportFile, ImportRows
from catalogue.importing.pictures import PictureLookup
from catalogue.importing.readers import Broken, FileRefused, Row, raw_text
from catalogue.importing.rows import RowRefused
from catalogue.importing.storing import ImportCounts, store
from catalogue.models import Import, Rejection
from jobs import leasing
from jobs.kinds import Kind, single
from projects import audit
from projects.models import Person, Project
from relevance.labels import Scale, scale_named
from relevance.sanitising import storable

CHUNK_ROWS = 5000
CHUNK_BYTES = 16 << 20  # of the rows unfolded: five thousand of the largest would fill the memory
CHUNK_SECONDS = 1.0


class RawRow(NamedTuple):
    """What a row said: its values, or the line itself where it was broken."""

    number: int
    said: Mapping[str, Any] | str
    sha256: str


@dataclass
class ReadChunk:
    """Rows read and put into our words, to be written together. `rows`: what each said, should it have to be shown."""

    records: list[Record] = field(default_factory=list)
    refused: list[tuple[int, RowRefused]] = field(default_factory=list)
    rows: dict[int, RawRow] = field(default_factory=dict)
    bytes_read: int = 0  # of the file, up to here

    def take(self, row: Row | Broken, mapper: Mapper) -> None:
        self.rows[row.number] = RawRow(row.number, row.raw if isinstance(row, Broken) else row.values, row.sha256)
        try:
            self.records.append(_record(row, mapper))
        except RowRefused as refusal:
            self.refused.append((row.number, refusal))

    def up_to(self, bytes_read: int) -> ReadChunk:
        self.bytes_read = bytes_read
        return self


@dataclass(frozen=True)
class Plan:
    """How a file is to be read, as decided when it was confirmed; kept in `Import.mapping`.

    `columns`: what the columns mean. `pictures`: hashes of the pictures uploaded with the file, by name. `judge_gold`:
    pairs that come with a gold label get slots all the same. `further`: name and place in the storage of each file that
    came with the first.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    judge_gold: bool = False
    further: Sequence[Sequence[str]] = ()

    @classmethod
    def of(cls, batch: Import) -> Plan:
        return cls(**{one.name: batch.mapping[one.name] for one in fields(cls) if one.name in batch.mapping})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def work(batch_id: int, token: UUID) -> None:
    """Run a claimed import of an uploaded file to its end."""
    batch = Import.objects.select_related("project").get(pk=batch_id)
    if not batch.stored_as or not all(default_storage.exists(place) for _name, place in stored(batch)):
        leasing.fail(
            batch, token, _("The command that ran this import ended before it was done. Run it again."), retry=False
        )
        return
    with ExitStack() as opened:
        _run_to_end(batch, open_stored(batch, opened), token, limits=UPLOAD)


def stored(batch: Import) -> list[tuple[str, str]]:
    """The name and the place in the storage of each uploaded file of an import."""
    return [(batch.file_name, batch.stored_as), *((name, place) for name, place in Plan.of(batch).further)]


def open_stored(batch: Import, opened: ExitStack) -> list[ImportFile]:
    return [ImportFile(name, opened.enter_context(default_storage.open(place))) for name, place in stored(batch)]


KIND = Kind("import", gettext_lazy("import"), Import, single(work), only=Q(confirmed=True))


def run_here(
    project: Project,
    kind: str,
    paths: Sequence[Path],
    *,
    plan: Plan,
    origin: Origin,
    preset: str = "",
    scale: Scale | None = None,
    images: Path | None = None,
    on_progress: Callable[[ImportCounts, int], None] | None = None,
) -> Import:
    """Import local files in this process, for commands; raises FileRefused. Leaves the same rows as an upload.

    Answers with the import as it ended.
    """
    with transaction.atomic():
        batch = Import.objects.create(
            project=project,
            kind=kind,
            file_name=storable(paths[0].name)[-255:],
            images_folder=storable(str(images or ""))[:500],
            bytes_total=sum(path.stat().st_size for path in paths),
            preset=preset,
            mapping=plan.to_json(),
            scale_name=scale.name if scale else "",
            confirmed=True,
            **asdict(origin),
        )
        token = leasing.claim(Import, batch.pk)
        assert token is not None, "nobody else sees the row before it is ours"
        audit.record(None, "import.started", project=project, on=batch, file=batch.file_name)
    with ExitStack() as opened:
        parts = [ImportFile(path.name, opened.enter_context(path.open("rb"))) for path in paths]
        try:
            _run_to_end(batch, parts, token, limits=COMMAND, on_progress=on_progress)
        except BaseException as error:
            leasing.fail(batch, token, error, retry=False)
            raise
    batch.refresh_from_db()
    return batch


def _run_to_end(batch: Import, parts: Sequence[ImportFile], token: UUID, **options: Any) -> None:
    try:
        counts = run_import(batch, parts, token=token, **options)
    except leasing.Superseded:
        return
    except (FileRefused, ScaleUnclear) as refusal:
        leasing.fail(batch, token, str(refusal), retry=False)
        if options["limits"] is COMMAND:
            raise
        return
    if (counts.new or counts.changed) and leasing.renew(batch, token):
        lexicons.up_to_date(batch.project)  # here, so that nobody waits for it who only starts a run
    leasing.finish(batch, token, bytes_read=batch.bytes_total)


def run_import(
    batch: Import,
    parts: Sequence[ImportFile],
    *,
    token: UUID,
    limits: Limits = UPLOAD,
    on_progress: Callable[[ImportCounts, int], None] | None = None,
) -> ImportCounts:
    """Read the rest of the rows after the rows that are already in; raises Superseded, FileRefused, ScaleUnclear."""
    counts, plan = counts_of(batch), Plan.of(batch)
    if predictions.are_told(plan.columns) and not batch.file_sha256:
        batch.file_sha256 = predictions.digest_of(part.file for part in parts)
        batch.save(update_fields=["file_sha256"])
    source = ImportRows(parts, limits)
    mapper = Mapper(plan.columns, batch.kind, scale_named(batch.scale_name or batch.project.scale_name))
    folder = Path(batch.images_folder) if batch.images_folder else None
    pictures = PictureLookup(batch.project, folder, plan.pictures)
    with closing(_ahead(_chunks(source, counts.read, mapper))) as chunks:
        for chunk in chunks:
            bytes_read = chunk.bytes_read
            with transaction.atomic():
                project = _held(batch)
                counts.add(_take_in(batch, project, chunk, pictures, plan))
                _note(batch, token, counts, bytes_read)
            del chunk  # the next one is being made: no more than these two are ever held
            if on_progress is not None:
                on_progress(counts, bytes_read)
    return counts


def adopt_scale(project: Project, scale: Scale, *, actor: Person | None) -> Project:
    """A project without pairs takes the file's scale; one that has some keeps its own, and another is an error."""
    with transaction.atomic():
        # Without the lock an import could bring the first pairs, in the other scale, between the question and the change.
        held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if held.scale_name != scale.name:
            if held.pairs.exists():
                reason = _("The project judges in %(ours)s, the file in %(theirs)s. Import it into another project.")
                raise ScaleUnclear(reason % {"ours": held.scale_name, "theirs": scale.name})
            held.scale_name = scale.name
            held.save(update_fields=["scale_name"])
            audit.record(actor, "project.changed", project=held, on=held, scale_name=scale.name)
    return held


def counts_of(batch: Import) -> ImportCounts:
    return ImportCounts(**{one.name: getattr(batch, one.name) for one in fields(ImportCounts)})


def _held(batch: Import) -> Project:
    """The project, locked: imports into one project take turns, and its scale does not move meanwhile."""
    # Without the lock two imports would both find an item missing, and the database would refuse the rows of the second.
    project = Project.objects.select_for_update(no_key=True).get(pk=batch.project_id)
    if batch.kind == Import.Kind.PAIRS and batch.scale_name not in ("", project.scale_name):
        reason = _("The project judges in %(ours)s, the file in %(theirs)s. Import it into another project.")
        raise ScaleUnclear(reason % {"ours": project.scale_name, "theirs": batch.scale_name})
    return project


def _note(batch: Import, token: UUID, counts: ImportCounts, bytes_read: int) -> None:
    """Counts and place are written with the chunk, or not at all."""
    # Without the token an import that was cancelled, or that another worker has taken over, would go on writing.
    noted = leasing.held_by(Import, batch.pk, token).update(bytes_read=bytes_read, **asdict(counts))
    if not noted or not leasing.renew(batch, token):
        raise leasing.Superseded


def _chunks(source: ImportRows, done: int, mapper: Mapper) -> Iterator[ReadChunk]:
    """Up to five thousand rows, or what a second brought: progress is never older. What was read before a file breaks
    off is a chunk, too."""
    chunk, since, unfolded = ReadChunk(), time.monotonic(), source.unfolded
    try:
        for row in islice(source, done, None):
            chunk.take(row, mapper)
            full = len(chunk.rows) >= CHUNK_ROWS or source.unfolded - unfolded >= CHUNK_BYTES
            if full or time.monotonic() - since > CHUNK_SECONDS:
                yield chunk.up_to(source.bytes_read)
                chunk, since, unfolded = ReadChunk(), time.monotonic(), source.unfolded
    except FileRefused:
        if chunk.rows:
            yield chunk.up_to(source.bytes_read)
        raise
    if chunk.rows:
        yield chunk.up_to(source.bytes_read)


def _ahead(chunks: Iterator[ReadChunk]) -> Generator[ReadChunk, None, None]:
    """The chunks, each read and mapped in a thread beside while the database works on the one before it."""
    language = get_language()  # the caller's, in which rows are refused

    def following() -> ReadChunk | None:
        with override(language):
            return next(chunks, None)

    with ThreadPoolExecutor(1, thread_name_prefix="reading") as beside:
        coming = beside.submit(following)
        while (chunk := coming.result()) is not None:
            coming = beside.submit(following)
            held = [chunk]
            del chunk
            yield held.pop()


def _take_in(batch: Import, project: Project, chunk: ReadChunk, pictures: PictureLookup, plan: Plan) -> ImportCounts:
    """One chunk: its records stored, its unreadable rows kept as rejections."""
    rejections = [_rejection(batch, chunk.rows[number], refusal) for number, refusal in chunk.refused]
    counts = ImportCounts()
    for part in _store_around(batch, project, pictures.resolve(chunk.records), plan):
        if isinstance(part, ImportCounts):
            counts.add(part)
        else:
            refusal = RowRefused("", _("the database refuses the row"))
            rejections.append(_rejection(batch, chunk.rows[part.row], refusal))
    counts.rejected += len(rejections)
    counts.read += len(rejections)
    counts.images += pictures.added
    notes = [Rejection(batch=batch, row=row, field="images", reason=why[:300]) for row, why in pictures.refused]
    Rejection.objects.bulk_create(sorted([*rejections, *notes], key=lambda one: one.row))
    return counts


def _record(row: Row | Broken, mapper: Mapper) -> Record:
    if isinstance(row, Broken):
        raise RowRefused("", row.reason)
    try:
        return mapper.record(row)
    except RecursionError:
        raise RowRefused("", _("nested too deeply")) from None


def _store_around(
    batch: Import, project: Project, records: Sequence[Record], plan: Plan
) -> Iterator[ImportCounts | Record]:
    """Store the records; where the database refuses some, halve until only these are left out."""
    if not records:
        return
    try:
        with transaction.atomic():
            stored = store(batch, project, records, judge_gold=plan.judge_gold)
    except (DataError, IntegrityError):
        if len(records) == 1:
            yield records[0]
            return
        middle = len(records) // 2
        yield from _store_around(batch, project, records[:middle], plan)
        yield from _store_around(batch, project, records[middle:], plan)
    else:
        yield stored


def _rejection(batch: Import, row: RawRow, refusal: RowRefused) -> Rejection:
    return Rejection(
        batch=batch,
        row=row.number,
        field=storable(refusal.field)[:120],
        reason=storable(refusal.reason)[:300],
        raw=storable(raw_text(row.said)),
        raw_sha256=row.sha256,
    )
