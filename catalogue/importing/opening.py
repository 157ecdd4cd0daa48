"""The files of one import, opened together: what a look and the import itself read rows from.

One file is read as it stands or by its shape; several are joined, where their columns say that they belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalogue.importing.joining import roles
from catalogue.importing.joining.joined import JoinedFile, JoinedRows
from catalogue.importing.joining.roles import FileHead
from catalogue.importing.meaning.guessing import columns_of
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.read_as import UNSAID, EncodingUnclear, ReadAs
from catalogue.importing.reading.readers import Broken, FileRefused, Format, Readable, Row, RowReader
from catalogue.importing.reasons import RowReason
from catalogue.importing.shapes.shape import Shape
from catalogue.importing.shapes.table import ShapedRows

HEAD_ROWS = 20
MOST_FILES = 8


class ImportFile(NamedTuple):
    """One file of an import, under the name that it came with, and how it is to be read."""

    name: str
    file: Readable
    reading: ReadAs = UNSAID


def hold_to_encodings(parts: Sequence[ImportFile], limits: Limits) -> None:
    """Raises EncodingUnclear where the text of a file is not what it is to be read by."""
    for part in each_by_its_encoding(parts, limits):
        try:
            RowReader(part.file, part.name, limits, part.reading).hold_to_encoding()
        except EncodingUnclear as unclear:
            raise unclear if len(parts) == 1 else unclear.of(part.name) from unclear


def each_by_its_encoding(parts: Sequence[ImportFile], limits: Limits) -> Sequence[ImportFile]:
    """Of several files an encoding is said of those that are not UTF-8. The others would be read as what they are not."""
    if len(parts) == 1 or not any(part.reading.encoding for part in parts):
        return parts
    utf8 = [_is_utf8(part, limits) for part in parts]
    as_utf8 = [part._replace(reading=part.reading._replace(encoding="")) for part in parts]
    return [one if is_utf8 else part for part, one, is_utf8 in zip(parts, as_utf8, utf8, strict=True)]


def _is_utf8(part: ImportFile, limits: Limits) -> bool:
    try:
        RowReader(part.file, part.name, limits).hold_to_encoding()
    except FileRefused:
        return False
    return True


class ImportRows:
    """The rows of one import. Iterate once. `bytes_read` counts the bytes of its files as stored, for progress; `unfolded`
    those of the rows; `shape` is what its structure is known for, once the first row was asked for. `first`: only so many
    rows are asked for; `glance`: of files that are joined their beginning is enough; `alone`: only what the pairs say
    themselves."""

    def __init__(
        self,
        parts: Sequence[ImportFile],
        limits: Limits = UPLOAD,
        shape: str | None = None,
        *,
        first: int | None = None,
        glance: bool = False,
        alone: bool = False,
    ) -> None:
        self._joined: JoinedRows | None = None
        parts = each_by_its_encoding(parts, limits)
        if len(parts) == 1:
            self._files = [_open(parts[0], limits, shape)]
            self._main = self._files[0]
        else:
            heads = [_head(part, limits) for part in parts[:MOST_FILES]]
            plan = roles.plan(heads)
            if plan is None or len(parts) > MOST_FILES:
                names = ", ".join(part.name for part in parts)
                raise FileRefused(
                    _("These files are not known to belong together: %(names)s.") % {"names": names[:300]}
                )

            self._files = [_open(part, limits, None, head.columns) for part, head in zip(parts, heads, strict=True)]
            self._main = self._files[plan.pairs]
            self._joined = None if alone else JoinedRows(self._files, plan, first=first, glance=glance)

    def __iter__(self) -> Iterator[Row | Broken]:
        return iter(self._joined if self._joined is not None else self._main.rows)

    def prepare(self) -> Iterator[int]:
        """What is to be read before the first row; the bytes read, again and again."""
        return self._joined.prepare() if self._joined is not None else iter(())

    @property
    def notes(self) -> list[RowReason]:
        """What is to be said of files that were joined, once all rows were read."""
        return self._joined.notes if self._joined is not None else []

    @property
    def read_as(self) -> list[tuple[Format, str, str]]:
        """Of each file its format, how its text is divided into cells, and its shape."""
        shapes = [file.rows.shape.preset.name if file.rows.shape else "" for file in self._files]
        return [(file.reader.format, file.reader.told, shape) for file, shape in zip(self._files, shapes, strict=True)]

    @property
    def shape(self) -> Shape | None:
        return self._main.rows.shape if len(self._files) == 1 else None

    @property
    def format(self) -> Format:
        return self._main.reader.format

    @property
    def told(self) -> str:
        """How its text is divided into cells, once the first row was asked for; empty where it is none."""
        return self._main.reader.told

    @property
    def bytes_read(self) -> int:
        return self._joined.bytes_read if self._joined is not None else self._main.reader.bytes_read

    @property
    def unfolded(self) -> int:
        return self._joined.unfolded if self._joined is not None else self._main.reader.unfolded


def _open(part: ImportFile, limits: Limits, shape: str | None, columns: Sequence[str] = ()) -> JoinedFile:
    reader = RowReader(part.file, part.name, limits, part.reading)
    return JoinedFile(part.name, reader, ShapedRows(reader, shape), columns)


def _head(part: ImportFile, limits: Limits) -> FileHead:
    rows = [row.values for row in islice(_open(part, limits, None).rows, HEAD_ROWS) if isinstance(row, Row)]
    return FileHead(columns_of(rows), rows)
