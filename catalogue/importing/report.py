"""What an import says of its file and of each row's fate: the same value before (a look) and after, for page, command and API.

Filled while rows go through the code that imports them, kept in `Import.report`, bounded whatever the file holds: every
text is cut and storable, every list has a cap and a count beside it of what it left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, computed_field

from catalogue.importing.meaning.mapping import Record
from catalogue.importing.reasons import in_words, to_json
from catalogue.importing.storing import Contradiction, ImportCounts
from relevance.sanitising import storable

VERSION = 1
MOST_REASONS = 50
MOST_VALUES = 60  # of labels
MOST_HOSTS = 20
MOST_COLUMNS = 300
FIRST = 5  # rows that are named of each kind
EXAMPLES = 3
_NAME, _EXAMPLE, _REASON = 200, 80, 300


class FileRead(BaseModel):
    """One file, and how it was read."""

    name: str = Field(description="The file's name.")
    format: str = Field(default="", description="`jsonl`, `json`, `csv` or `parquet`.")
    encoding: str = Field(default="", description="Of its text, where it was told; else UTF-8.")
    sheet: str = Field(default="", description="Of a workbook, where it was told.")
    shape: str = Field(default="", description="What its structure is known for: the export of a tool.")
    told: str = Field(default="", description="How its text was divided into cells, where it was.")


class ColumnRead(BaseModel):
    """A column in the file's order, and what becomes of it."""

    name: str = Field(description="The column, `data.query` within an object.")
    becomes: str = Field(description="The field of ours that it is read as; empty where it is not read.")
    row: int = Field(description="The first row that has it.")
    after: str = Field(
        default="", description="The column that counts before it, where both say something of one field."
    )
    examples: list[str] = Field(default=[], description="Up to three different values, shortened.")


class LabelRead(BaseModel):
    """A label as the file writes it, a final one or a rater's, and what it was read as."""

    value: str = Field(description="As it stands in the file.")
    label: str = Field(description="The label of the scale.")
    rows: int = Field(description="How often, in rows that went in.")


class SharedReason(BaseModel):
    """Why some did not go in, and where."""

    field: str = Field(default="", description="The field or column; empty where it is the row as a whole.")
    reason: str = Field(description="Why, as an English sentence.")
    told: dict[str, Any] | None = Field(
        default=None, description="The sentence's `message` and `values`, of which other languages are made."
    )
    rows: int = Field(default=0, description="How many.")
    first: list[int] = Field(default=[], description="Numbers of the first rows.")
    example: str = Field(default="", description="The first of them, shortened.")

    @property
    def words(self) -> str:
        """The reason in the reader's language."""
        return in_words(self.reason, self.told)


class OtherContent(BaseModel):
    """A row that says something else of its item than a row before it."""

    row: int = Field(description="The row, which stands.")
    item: str = Field(description="The item's id.")


class HostNamed(BaseModel):
    """A host that rows name pictures of."""

    host: str = Field(description="Its name.")
    pictures: int = Field(default=0, description="How many pictures rows name there.")
    listed: bool = Field(default=False, description="Whether a lead has listed it: from others nothing is fetched.")


class PicturesNamed(BaseModel):
    """What became of the pictures that rows name, each counted in each row: named = had + by_address + missing."""

    named: int = Field(default=0, description="How many.")
    had: int = Field(default=0, description="Uploaded, in the folder, or known to the project.")
    by_address: int = Field(default=0, description="To be fetched, from listed hosts alone.")
    missing: int = Field(default=0, description="Cannot be had; `why` says for which reasons.")
    why: list[SharedReason] = Field(default=[], description="Reasons, the most frequent first.")
    why_others: int = Field(default=0, description="Missing ones of further reasons.")
    hosts: list[HostNamed] = Field(default=[], description="The hosts of the addresses.")


class MarkedRows(BaseModel):
    """Texts with characters that could not be stored."""

    rows: int = Field(default=0, description="Rows with such texts.")
    characters: int = Field(default=0, description="Characters that are U+FFFD now.")
    first: list[int] = Field(default=[], description="Numbers of the first rows.")


class ImportReport(BaseModel):
    """What an import does with a file. A look before it and the import itself say the same of the same rows."""

    version: int = Field(default=VERSION, description="Of this form.")
    whole: bool = Field(default=True, description="False: a look at the first rows alone.")
    files: list[FileRead] = Field(default=[], description="The files.")
    joined: list[SharedReason] = Field(default=[], description="What is to be said of files that were joined.")
    preset: str = Field(default="", description="The preset that said what columns mean; empty where none fits.")
    confirmed_by: str = Field(default="", description="`page`, `program` or `command`: who settled what columns mean.")
    columns: list[ColumnRead] = Field(default=[], description="In the file's order; those of later rows at the end.")
    columns_left_out: bool = Field(default=False, description="There are more columns than are listed.")
    scale: str = Field(default="", description="The label scale; empty for catalogue items.")
    labels_by: str = Field(
        default="", description="By whose word values are labels: `call`, `person`, `names` or `preset NAME`."
    )
    labels: list[LabelRead] = Field(default=[], description="Labels of the file and what they were read as.")
    labels_others: int = Field(default=0, description="How often labels beyond those listed.")
    counts: ImportCounts = Field(default_factory=ImportCounts, description="What became of the rows.")
    rejections: list[SharedReason] = Field(
        default=[], description="Why rows did not go in, the most frequent reason first."
    )
    rejections_others: int = Field(default=0, description="Rows rejected for further reasons.")
    contradicted: int = Field(default=0, description="Rows that say something else of their item than a row before.")
    contradicted_first: list[OtherContent] = Field(default=[], description="The first of them.")
    pictures: PicturesNamed = Field(default_factory=PicturesNamed, description="Pictures that rows name.")
    marked: MarkedRows = Field(
        default_factory=MarkedRows, description="Texts with characters that could not be stored."
    )
    stopped: str = Field(default="", description="Why reading broke off before the end of the file.")

    @computed_field(description="The columns that are not read.")  # type: ignore[prop-decorator]
    @property
    def unread(self) -> list[str]:
        return [column.name for column in self.columns if not column.becomes]

    @property
    def goes_in(self) -> int:
        """Rows that went in or were there already."""
        return self.counts.read - self.counts.rejected

    def note_joined(self, notes: Iterable[str]) -> None:
        self.joined = [SharedReason(reason=cut(note, _REASON), told=to_json(note)) for note in notes]

    def note_records(self, records: Sequence[Record]) -> None:
        """Rows that went in."""
        self._note_labels(Counter(chain.from_iterable(record.labels_said for record in records)))
        for record in (record for record in records if record.sanitised):
            self.marked.rows += 1
            self.marked.characters += record.sanitised
            _first(self.marked.first, record.row)

    def note_contradicted(self, found: Sequence[Contradiction]) -> None:
        self.contradicted += len(found)
        for row, item in found[: FIRST - len(self.contradicted_first)]:
            self.contradicted_first.append(OtherContent(row=row, item=item))

    def note_rejected(self, refused: Iterable[tuple[int, str, str]]) -> None:
        """(row, field, reason) of rows that did not go in."""
        faults = (
            FaultOfRow(row, cut(reason, _REASON), field=cut(field, 120), told=to_json(reason))
            for row, field, reason in refused
        )
        self.rejections_others += _note(self.rejections, faults)

    def _note_labels(self, read: Mapping[tuple[str, str], int]) -> None:
        known = {(one.value, one.label): one for one in self.labels}
        for (said, label), rows in read.items():
            key = (cut(said, _EXAMPLE), label)
            if key not in known:
                if len(known) >= MOST_VALUES:
                    self.labels_others += rows
                    continue
                known[key] = LabelRead(value=key[0], label=label, rows=0)
                self.labels.append(known[key])
            known[key].rows += rows


class FaultOfRow(NamedTuple):
    """One row of a `SharedReason`."""

    row: int
    reason: str
    field: str = ""
    example: str = ""
    told: dict[str, Any] | None = None


def note_missing(pictures: PicturesNamed, faults: Sequence[FaultOfRow]) -> None:
    """Pictures that cannot be had."""
    pictures.missing += len(faults)
    pictures.why_others += _note(
        pictures.why,
        (
            one._replace(reason=cut(one.reason, _REASON), example=cut(one.example, 100), told=to_json(one.reason))
            for one in faults
        ),
    )


def note_hosts(pictures: PicturesNamed, named: Mapping[str, int], listed: frozenset[str]) -> None:
    known = {one.host: one for one in pictures.hosts}
    for host, count in named.items():
        if host not in known and len(known) >= MOST_HOSTS:
            continue
        if host not in known:
            known[host] = HostNamed(host=host)
            pictures.hosts.append(known[host])
        known[host].pictures += count
        known[host].listed = host in listed


def cut(text: str, most: int = _EXAMPLE) -> str:
    return storable(text[:most])


def _note(reasons: list[SharedReason], faults: Iterable[FaultOfRow]) -> int:
    """Count each fault under its reason; how many found no room. The most frequent reason comes first."""
    known, others = {(one.field, one.reason): one for one in reasons}, 0
    for fault in faults:
        reason = known.get((fault.field, fault.reason))
        if reason is None:
            if len(known) >= MOST_REASONS:
                others += 1
                continue
            reason = SharedReason(field=fault.field, reason=fault.reason, example=fault.example, told=fault.told)
            known[(fault.field, fault.reason)] = reason
            reasons.append(reason)
        reason.rows += 1
        _first(reason.first, fault.row)
    reasons.sort(key=lambda one: (-one.rows, one.first[0]))
    return others


def _first(rows: list[int], row: int) -> None:
    if len(rows) < FIRST and row not in rows:
        rows.append(row)
