"""The columns of a file that no field of ours stands for, taken as attributes of the item where somebody says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalogue.importing.meaning.cells import size_of
from catalogue.importing.meaning.predictions import FIELDS, MODEL_NAME
from catalogue.importing.meaning.presets import NAMES, PRESETS, plain_name
from catalogue.importing.reading.rows import Row, RowRefused
from catalogue.importing.reasons import because

FIELD_BYTES = 64 << 10  # of all of them together, as of one field
_MOST_KINDS = 200  # sets of columns that are remembered
# Without them what people and models said of the pair would stand on the card of those who judge it.
_SAID = ("label", "mismatch", "label_scale", "rater", "ratings", MODEL_NAME, *FIELDS)
_OPINIONS = frozenset(plain_name(word) for name in _SAID for word in NAMES[name].words)
_NEVER = "id query_id qid pair_id example_id query_class split fold"  # of the pair or the query, whatever the file


def no_attributes(preset: str = "") -> frozenset[str]:
    """The names of columns that say nothing of an item, as they are compared."""
    known = PRESETS.get(preset)
    return _OPINIONS | frozenset(map(plain_name, f"{_NEVER} {known.no_attributes if known else ''}".split()))


class RestOfColumns:
    """What columns without a meaning say, as attributes. Made once per file."""

    def __init__(self, meaning: Iterable[str], preset: str = "") -> None:
        self._read, self._left_out = list(meaning), no_attributes(preset)
        self._names: dict[tuple[str, ...], list[str]] = {}

    def of(self, row: Row) -> tuple[tuple[str, Any], ...]:
        """Column and value, of those that say something; raises RowRefused where they are more than one field may hold."""
        names = self._among(tuple(row.values))
        found = tuple((name, value) for name in names if _says(value := row.values[name]))
        if row.size > FIELD_BYTES and size_of(found) > FIELD_BYTES:
            raise RowRefused("attributes", because("larger than 64 KiB"))
        return found

    def takes(self, column: str) -> bool:
        """Whether a column, or the one that holds it, is an attribute."""
        top = column.partition(".")[0]
        return not any(_is_read(one, self._read) or plain_name(one) in self._left_out for one in (column, top))

    def _among(self, there: tuple[str, ...]) -> list[str]:
        names = self._names.get(there)
        if names is None:
            if len(self._names) >= _MOST_KINDS:
                self._names.clear()
            left = [one for one in there if not _is_read(one, self._read)]
            names = self._names[there] = [one for one in left if plain_name(one) not in self._left_out]
        return names


def _says(value: Any) -> bool:
    """Something, and no picture."""
    within = value.get("bytes") if isinstance(value, Mapping) else value
    return value not in (None, "") and not (isinstance(within, str) and within.startswith("data:"))


def _is_read(column: str, read: Sequence[str]) -> bool:
    return any(column == one or one.startswith(f"{column}.") or column.startswith(f"{one}.") for one in read)
