"""The files of one import, opened together: what a look and the import itself read rows from.

One file is read as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalogue.importing.limits import UPLOAD, Limits
from catalogue.importing.readers import Broken, FileRefused, Format, Readable, Row, RowReader
from catalogue.importing.reading import UNSAID, ReadAs
from catalogue.importing.shapes.shape import Shape
from catalogue.importing.shapes.table import ShapedRows


class ImportFile(NamedTuple):
    """One file of an import, under the name that it came with, and how it is to be read."""

    name: str
    file: Readable
    reading: ReadAs = UNSAID


def hold_to_encodings(parts: Sequence[ImportFile], limits: Limits) -> None:
    """Raises EncodingUnclear where the text of a file is not what it is to be read by."""
    for part in parts:
        RowReader(part.file, part.name, limits, part.reading).hold_to_encoding()


class ImportRows:
    """The rows of one import. Iterate once. `bytes_read` counts the bytes of its files as stored, for progress; `unfolded`
    those of the rows; `shape` is what its structure is known for, once the first row was asked for."""

    def __init__(self, parts: Sequence[ImportFile], limits: Limits = UPLOAD, shape: str | None = None) -> None:
        if len(parts) != 1:
            names = ", ".join(part.name for part in parts)
            raise FileRefused(_("These files are not known to belong together: %(names)s.") % {"names": names[:300]})
        [part] = parts
        self._reader = RowReader(part.file, part.name, limits, part.reading)
        self._rows = ShapedRows(self._reader, shape)

    def __iter__(self) -> Iterator[Row | Broken]:
        return iter(self._rows)

    @property
    def shape(self) -> Shape | None:
        return self._rows.shape

    @property
    def format(self) -> Format:
        return self._reader.format

    @property
    def told(self) -> str:
        """How its text is divided into cells, once the first row was asked for; empty where it is none."""
        return self._reader.told

    @property
    def bytes_read(self) -> int:
        return self._reader.bytes_read

    @property
    def unfolded(self) -> int:
        return self._reader.unfolded
