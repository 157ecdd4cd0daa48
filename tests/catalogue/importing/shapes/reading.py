"""Files given as bytes, read as an import reads them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from catalogue.importing.meaning.inspecting import Look, look
from catalogue.importing.opening import ImportFile, ImportRows
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import Broken, Row


def rows_of(said: Any, name: str = "x.json", *, limits: Limits = UPLOAD) -> list[Row | Broken]:
    return list(ImportRows([ImportFile(name, io.BytesIO(_bytes(said)))], limits))


def values_of(said: Any, name: str = "x.json") -> list[Mapping[str, Any]]:
    """Of a file all of whose rows can be read."""
    rows = rows_of(said, name)
    assert not [row for row in rows if isinstance(row, Broken)]
    return [row.values for row in rows if isinstance(row, Row)]


def faults_of(said: Any, name: str = "x.json") -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in rows_of(said, name) if isinstance(row, Broken)]


def look_at(said: Any, name: str = "x.json", shape: str | None = None) -> Look:
    return look([ImportFile(name, io.BytesIO(_bytes(said)))], shape=shape)


def _bytes(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()
