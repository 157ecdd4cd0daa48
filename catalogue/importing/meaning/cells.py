"""What a cell of a foreign file holds: JSON in a text, names with values in many forms, numbers as a person writes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from relevance.facts import fold
from relevance.sanitising import sanitise, storable

EXACT_BELOW = 2**53  # from there on not every whole number is a float
NAMELESS = "attributes"
_DEPTH = 6
_KEY_LENGTH = 100
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})")


def structured(value: Any) -> Any:
    """A cell of a CSV file may hold JSON."""
    if isinstance(value, str) and value[:1] in "[{" and value[-1:] in "]}":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def name_values(value: Any) -> Iterator[tuple[Any, Any]]:
    """Of an object, a list of pairs or of {name, value}, or "name: value; name: value". A text without a name is kept
    under `NAMELESS`: left out, it would be lost without a word."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, str):
        for piece in value.replace("；", ";").replace("\n", ";").replace("|", ";").split(";"):
            yield _divided(piece.replace("：", ":"))
    elif isinstance(value, list | tuple):
        for one in value:
            yield _name_value(one)
    elif value is not None:
        yield NAMELESS, value


def _name_value(one: Any) -> tuple[Any, Any]:
    if isinstance(one, Mapping):
        return one.get("name", one.get("key", "")), one.get("value")
    if isinstance(one, list | tuple) and len(one) == 2:
        return one[0], one[1]
    return _divided(plain(one))


def _divided(text: str) -> tuple[str, str]:
    name, sign, value = text.partition(":")
    return (name, value) if sign else (NAMELESS, text)


def at(row: Mapping[str, Any], column: str) -> Any:
    """What a row says in a column; `data.query` is the query within data, where no column has that very name."""
    return row[column] if column in row else within(row, tuple(column.split(".")))


def within(value: Any, path: Sequence[str]) -> Any:
    """What objects within objects say; of anything else, nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


class NestedTooDeeply(RecursionError):
    """More levels of lists and objects than anybody reads; what lies beneath is not left out unsaid."""


def shown(value: Any) -> str:
    """The same as `plain` for a person who looks at an example."""
    try:
        return plain(value)
    except RecursionError:
        return "…"


def plain(value: Any, depth: int = 0) -> str:
    """Numbers, truths and lists as a person would write them; raises NestedTooDeeply."""
    if depth > _DEPTH:
        raise NestedTooDeeply
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_BELOW:
        return str(int(value))
    if isinstance(value, list | tuple):
        return ", ".join(plain(one, depth + 1) for one in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{plain(name)}: {plain(one, depth + 1)}" for name, one in value.items())
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def value_key(value: Any) -> str:
    """What two spellings of one value share: "3", "3.0", 3 and 3.0; a word in any case and spacing. Nothing is empty."""
    if isinstance(value, str | int | float):
        return _key(value)
    return "" if value is None else _key(shown(value))


@lru_cache(maxsize=4096, typed=True)
def _key(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = fold(storable(value if isinstance(value, str) else repr(value)))
    if _NUMBER.fullmatch(text):
        number = float(text)
        return str(int(number)) if number.is_integer() else repr(number)
    if len(text) <= _KEY_LENGTH:
        return text
    return f"{text[:_KEY_LENGTH]}…{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def is_word(key: str) -> bool:
    """A bare number says nothing by itself."""
    return not _NUMBER.fullmatch(key) and any(sign.isalpha() for sign in key)


def size_of(value: Any) -> int:
    """Bytes of all its texts; of a number, eight."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, Mapping):
        return sum(size_of(name) + size_of(one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return sum(map(size_of, value))
    return len(value) if isinstance(value, bytes) else 8


def common_value(rows: Iterable[Mapping[str, Any]], column: str) -> str:
    """What all rows say in a column, or nothing where they differ: the source or licence of a file."""
    said = {shown(row.get(column)).strip() for row in rows} - {""}
    return sanitise(said.pop())[0] if len(said) == 1 else ""
