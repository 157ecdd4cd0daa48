"""Arrow batches as rows, a column at a time: several times as fast as Arrow's own way, which makes two objects a value."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pyarrow
import pyarrow.compute
from pyarrow import types  # type: ignore[attr-defined]

compute: Any = pyarrow.compute  # makes its functions when it is imported, so that no checker knows them


def read(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch; texts that are no UTF-8 as the other formats give them, to be sanitised and counted."""
    try:
        return rows(batch)
    except UnicodeDecodeError:  # the format does not promise that its texts are UTF-8
        columns = [_decoded(column) for column in batch.columns]
        return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _decoded(column: Any) -> list[Any]:
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except UnicodeDecodeError:
        plain = column.dictionary_decode() if types.is_dictionary(column.type) else column
        if not (types.is_string(plain.type) or types.is_large_string(plain.type)):
            return [None] * len(plain)
        found = plain.cast("large_binary").to_pylist()
        return [None if one is None else one.decode("utf-8", "surrogateescape") for one in found]


def rows(batch: Any) -> list[dict[str, Any]]:
    names = batch.schema.names
    if not names or len(set(names)) < len(names):
        return batch.to_pylist()  # type: ignore[no-any-return]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(_values, batch.columns), strict=True)]


def _values(array: Any) -> list[Any]:
    kind = array.type
    if types.is_string(kind) or types.is_large_string(kind):
        try:
            return array.to_numpy(zero_copy_only=False).tolist()  # type: ignore[no-any-return]
        except pyarrow.lib.ArrowException:  # the format does not promise UTF-8
            return array.to_pylist()  # type: ignore[no-any-return]  # raises UnicodeDecodeError
    if (types.is_integer(kind) or types.is_boolean(kind) or types.is_float64(kind)) and not array.null_count:
        return array.to_numpy(zero_copy_only=False).tolist()  # type: ignore[no-any-return]
    if types.is_struct(kind) and kind.num_fields:
        names = [kind.field(number).name for number in range(kind.num_fields)]
        made = [dict(zip(names, row, strict=True)) for row in zip(*map(_values, array.flatten()), strict=True)]
        return _without_nulls(array, made)
    if types.is_list(kind) or types.is_large_list(kind):
        flat = iter(_values(array.flatten()))
        lengths = compute.list_value_length(array).to_pylist()
        return [None if length is None else list(islice(flat, length)) for length in lengths]
    return array.to_pylist()  # type: ignore[no-any-return]


def _without_nulls(array: Any, made: list[Any]) -> list[Any]:
    if not array.null_count:
        return made
    return [one if valid else None for one, valid in zip(made, array.is_valid().to_pylist(), strict=True)]
