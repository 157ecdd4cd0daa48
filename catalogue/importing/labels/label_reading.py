"""One value of a row's label as a label: by what was agreed of the file, or as one of a scale. Knows no row and no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalogue.importing.meaning.cells import shown, value_key
from catalogue.importing.reading.rows import RowRefused
from catalogue.importing.reasons import because
from relevance.labels import Scale, UnknownLabel
from relevance.sanitising import sanitise


def agreed(labels: Mapping[str, str], value: Any, field: str) -> str:
    """`labels` by `value_key`; raises RowRefused for a value that is not among them."""
    key = value_key(value)
    if not key:
        return ""
    if key not in labels:
        said = sanitise(shown(value))[0][:60]
        raise RowRefused(field, because("nobody has said which label %(value)s is") % {"value": said})
    return labels[key]


def in_scale(scale: Scale, value: Any, field: str) -> str:
    """Raises RowRefused for what is none of the scale's."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    try:
        return scale.parse(value)
    except UnknownLabel as error:
        raise RowRefused(field, sanitise(str(error))[0]) from None
