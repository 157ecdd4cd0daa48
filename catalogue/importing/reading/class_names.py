"""The names of classes that a Parquet file written by Hugging Face's datasets keeps beside its numbers.

A column of the type ClassLabel holds the place of its class in a list of names, and -1 for none. Which list is said under
`huggingface` in the file's metadata: foreign, so what is not understood there leaves the numbers as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

METADATA = b"huggingface"
MOST_BYTES = 4 << 20
_NESTED = 6

Naming: TypeAlias = Callable[[Any], Any]


def namings(metadata: Mapping[bytes, bytes] | None) -> dict[str, Naming]:
    """By column: what puts names in the place of numbers within one of its values."""
    told = (metadata or {}).get(METADATA, b"")
    try:
        features = orjson.loads(told[:MOST_BYTES])["info"]["features"] if told else {}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return _of_fields(features, _NESTED) if isinstance(features, Mapping) else {}


def name_all(rows: Sequence[dict[str, Any]], by_column: Mapping[str, Naming]) -> None:
    for column, named in by_column.items():
        for row in rows:
            if column in row:
                row[column] = named(row[column])


def _of_fields(features: Mapping[str, Any], deeper: int) -> dict[str, Naming]:
    found = {name: _naming(feature, deeper) for name, feature in features.items()}
    return {name: named for name, named in found.items() if named is not None}


def _naming(feature: Any, deeper: int) -> Naming | None:
    """Of a class, of a list of some, or of an object that holds some; None for all else."""
    if deeper == 0:
        return None
    if isinstance(feature, list):
        return _each(_naming(feature[0], deeper - 1)) if feature else None
    if not isinstance(feature, Mapping):
        return None
    kind = feature.get("_type")
    if kind == "ClassLabel":
        return _of_class(feature.get("names"))
    if isinstance(kind, str):
        return _each(_naming(feature.get("feature"), deeper - 1))
    return _within(_of_fields(feature, deeper - 1))


def _of_class(names: Any) -> Naming | None:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None

    def named(number: Any) -> Any:
        if type(number) is not int:
            return number
        if number == -1:
            return None
        return names[number] if 0 <= number < len(names) else number

    return _each(named)


def _each(named: Naming | None) -> Naming | None:
    """The same of a value alone and of a list of them."""
    if named is None:
        return None
    return lambda value: [named(one) for one in value] if isinstance(value, list) else named(value)


def _within(fields: Mapping[str, Naming]) -> Naming | None:
    if not fields:
        return None

    def named(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: fields[name](one) if name in fields else one for name, one in value.items()}

    return named
