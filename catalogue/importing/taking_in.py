"""Rows on their way in: read and mapped in chunks, each stored with its rejections, its counts and what is told of it.

Knows no job and no transaction: whoever takes a chunk in commits it, or looks and takes it back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import get_language, override

from catalogue.importing import columns_seen, named_items, reasons
from catalogue.importing.columns_seen import ColumnSeen, ColumnsSeen
from catalogue.importing.meaning.mapping import Mapper, Record
from catalogue.importing.opening import ImportRows
from catalogue.importing.pictures import PictureLookup
from catalogue.importing.reading.readers import Broken, FileRefused, Row, raw_text
from catalogue.importing.reading.rows import RowRefused
from catalogue.importing.reasons import because
from catalogue.importing.report import ImportReport, cut
from catalogue.importing.storing import ImportCounts, Outcome, store
from catalogue.models import Import, Rejection
from projects.models import Project
from relevance.sanitising import storable

CHUNK_ROWS = 5000
LOOK_ROWS = 1000  # of a look at the first rows: it asks for the time between chunks
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
    columns: list[ColumnSeen] = field(default_factory=list)
    columns_left_out: bool = False
    bytes_read: int = 0  # of the file, up to here
    replaced: int = 0  # bytes of the records

    def take(self, row: Row | Broken, mapper: Mapper, seen: ColumnsSeen) -> None:
        if isinstance(row, Broken):
            self.rows[row.number] = RawRow(row.number, row.raw, row.sha256)
        else:
            self.rows[row.number] = RawRow(row.number, row.values, row.sha256)
            self.columns += seen.look(row)
            self.columns_left_out |= seen.left_out
        try:
            self.records.append(_record(row, mapper))
            self.replaced += 0 if isinstance(row, Broken) else row.replaced
        except RowRefused as refusal:
            self.refused.append((row.number, refusal))

    def up_to(self, source: ImportRows) -> ReadChunk:
        self.bytes_read = source.bytes_read
        return self


@dataclass
class Intake:
    """The rows of one import on their way, from the first that is not in yet. `counts` and `report` grow with each chunk."""

    batch: Import
    source: ImportRows
    mapper: Mapper
    pictures: PictureLookup
    judge_gold: bool
    calls_items: bool
    counts: ImportCounts
    report: ImportReport
    at_end: bool = False  # of the file

    def chunks(self, most: int | None = None) -> Iterator[ReadChunk]:
        """Up to five thousand rows, or what a second brought: progress is never older. What was read before a file breaks
        off is a chunk, too. `most`: rows that are read at all."""
        source, seen = self.source, ColumnsSeen(self.report)
        rows = islice(source, self.counts.read, None)
        at_once = CHUNK_ROWS if most is None else min(CHUNK_ROWS, LOOK_ROWS)
        chunk, since, unfolded = ReadChunk(), time.monotonic(), source.unfolded
        try:
            for row in islice(rows, most):
                if not chunk.rows:  # what it took to open the files is no time of the first row
                    since = time.monotonic()
                chunk.take(row, self.mapper, seen)
                full = len(chunk.rows) >= at_once or source.unfolded - unfolded >= CHUNK_BYTES
                if full or time.monotonic() - since > CHUNK_SECONDS:
                    yield chunk.up_to(source)
                    chunk, since, unfolded = ReadChunk(), time.monotonic(), source.unfolded
            self.at_end = next(rows, None) is None
        except FileRefused:
            if chunk.rows:
                yield chunk.up_to(source)
            raise
        if chunk.rows:
            yield chunk.up_to(source)

    def take(self, project: Project, chunk: ReadChunk) -> None:
        """One chunk: its records stored, its unreadable rows kept as rejections, all of it counted and told."""
        if self.mapper.by_item_id:
            chunk.records, homeless = named_items.placed(project, chunk.records)
            chunk.refused += homeless
        if self.calls_items:
            chunk.records = named_items.kept(project, chunk.records)
        records, outcomes, refused = self._store(project, self.pictures.resolve(chunk.records), chunk)
        counts = ImportCounts(
            read=len(refused), rejected=len(refused), images=self.pictures.added, replaced=chunk.replaced
        )
        for outcome in outcomes:
            counts.add(outcome.counts)
            self.report.note_contradicted(outcome.contradicted)
        self._keep(chunk, refused)
        self.counts.add(counts)
        self._tell(chunk, records, refused)

    def tell_at_end(self) -> bool:
        """What can be said of the files once all rows were read; whether there is any."""
        self.report.note_joined(self.source.notes)
        return bool(self.report.joined)

    def _store(
        self, project: Project, records: Sequence[Record], chunk: ReadChunk
    ) -> tuple[Sequence[Record], list[Outcome], list[tuple[int, RowRefused]]]:
        """The records that are in, what came of them, and the rows that are not."""
        parts = list(_store_around(self.batch, project, records, judge_gold=self.judge_gold))
        outcomes = [part for part in parts if isinstance(part, Outcome)]
        if len(parts) == len(outcomes):
            return records, outcomes, chunk.refused
        out = {part.row for part in parts if isinstance(part, Record)}
        refused = [(row, RowRefused("", because("the database refuses the row"))) for row in sorted(out)]
        return [record for record in records if record.row not in out], outcomes, chunk.refused + refused

    def _keep(self, chunk: ReadChunk, refused: Sequence[tuple[int, RowRefused]]) -> None:
        rejections = [_rejection(self.batch, chunk.rows[number], refusal) for number, refusal in refused]
        notes = [
            Rejection(
                batch=self.batch, row=one.row, field="images", reason=one.why[:300], told=reasons.to_json(one.why)
            )
            for one in self.pictures.refused
        ]
        Rejection.objects.bulk_create(sorted([*rejections, *notes], key=lambda one: one.row))

    def _tell(self, chunk: ReadChunk, records: Sequence[Record], refused: Sequence[tuple[int, RowRefused]]) -> None:
        report = self.report
        report.counts = replace(self.counts)
        for file, (format_, told, shape) in zip(report.files, self.source.read_as, strict=False):
            file.format, file.told, file.shape = format_.value, cut(told, 300), shape
        columns_seen.add_to(report, chunk.columns, self.mapper.meaning, self.mapper.rest)
        report.columns_left_out |= chunk.columns_left_out
        report.note_records(records)
        report.note_rejected((row, refusal.field, refusal.reason) for row, refusal in refused)


class ReadAhead:
    """Chunks, each read and mapped in a thread beside once `go_on` was said. Iterate once; close it."""

    def __init__(self, chunks: Iterator[ReadChunk]) -> None:
        self._chunks, self._language = chunks, get_language()  # the caller's, in which rows are refused
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._coming: Future[ReadChunk | None] | None = None

    def __iter__(self) -> Iterator[ReadChunk]:
        while True:
            self.go_on()
            assert self._coming is not None, "it was asked for"
            coming, self._coming = self._coming, None
            held = [coming.result()]
            del coming  # whoever takes the chunk is the last to hold it
            if held[0] is None:
                return
            yield held.pop()  # type: ignore[misc]

    def go_on(self) -> None:
        """Read the next one, if nobody is at it."""
        if self._coming is None:
            self._coming = self._beside.submit(self._following)

    def close(self) -> None:
        self._beside.shutdown()

    def _following(self) -> ReadChunk | None:
        with override(self._language):
            return next(self._chunks, None)


def _record(row: Row | Broken, mapper: Mapper) -> Record:
    if isinstance(row, Broken):
        raise RowRefused("", row.reason)
    try:
        return mapper.record(row)
    except RecursionError:
        raise RowRefused("", because("nested too deeply")) from None


def _store_around(
    batch: Import, project: Project, records: Sequence[Record], *, judge_gold: bool
) -> Iterator[Outcome | Record]:
    """Store the records; where the database refuses some, halve until only these are left out."""
    if not records:
        return
    try:
        with transaction.atomic():
            stored = store(batch, project, records, judge_gold=judge_gold)
    except (DataError, IntegrityError):
        if len(records) == 1:
            yield records[0]
            return
        middle = len(records) // 2
        yield from _store_around(batch, project, records[:middle], judge_gold=judge_gold)
        yield from _store_around(batch, project, records[middle:], judge_gold=judge_gold)
    else:
        yield stored


def _rejection(batch: Import, row: RawRow, refusal: RowRefused) -> Rejection:
    return Rejection(
        batch=batch,
        row=row.number,
        field=storable(refusal.field)[:120],
        reason=storable(refusal.reason)[:300],
        told=reasons.to_json(refusal.reason),
        raw=storable(raw_text(row.said)),
        raw_sha256=row.sha256,
    )
