"""Which of several files holds pairs, and what the others say of their queries and items, by their columns alone.

Nothing is known of their names and their order. Files that do not fit together are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from catalogue.importing.meaning.cells import plain
from catalogue.importing.meaning.presets import NAMES, plain_name

Values = Mapping[str, Any]


class FileHead(NamedTuple):
    """The columns of a file and its first rows."""

    columns: Sequence[str]
    rows: Sequence[Values]


class About(StrEnum):
    """What a file beside the pairs speaks of."""

    QUERY = "query"
    ITEM = "item"


@dataclass(frozen=True)
class SideFile:
    """A file beside the pairs. `pair_key` are columns of the pairs, `key` the same of its own. `needed`: without its row a pair
    lacks its query or title. `named_values`: it names an attribute and its value in each row. `called`: its columns that
    are given another name."""

    number: int
    about: About
    pair_key: tuple[str, ...]
    key: tuple[str, ...]
    needed: bool
    named_values: bool = False
    called: Mapping[str, str] | None = None


@dataclass(frozen=True)
class JoinPlan:
    """The number of the file of pairs, and how the others join it."""

    pairs: int
    sides: tuple[SideFile, ...]


def plan(heads: Sequence[FileHead]) -> JoinPlan | None:
    """None where they do not belong together, as far as their columns say."""
    looks = [_Look(head) for head in heads]
    mains = [number for number, one in enumerate(looks) if one.item_key and (one.query or one.query_key)]
    if len(mains) != 1:
        return None
    [main] = mains
    sides = [_side(number, one, looks[main]) for number, one in enumerate(looks) if number != main]
    if any(side is None for side in sides):
        return None
    found = [side for side in sides if side is not None]
    brought = [side.about for side in found if side.needed]
    if len(set(brought)) < len(brought):  # two files that both bring the titles
        return None
    return JoinPlan(main, tuple(found))


class _Look:
    """What the columns of one file are called."""

    def __init__(self, head: FileHead) -> None:
        self.head = head
        self.item_key = _called(head.columns, "item_id")
        self.locale = _called(head.columns, "locale")
        self.query = _called(head.columns, "query")
        self.title = _called(head.columns, "title")
        self.query_key = [one for one in head.columns if plain_name(one) in _QUERY_IDS]
        self.bare_key = [one for one in head.columns if plain_name(one) == "id"]
        self.named_values = {"name", "value"} <= {plain_name(one) for one in head.columns}
        self.text = [one for one in head.columns if plain_name(one) == "text"]


_QUERY_IDS = {"query id", "queryid", "qid"}


def _called(columns: Iterable[str], field: str) -> list[str]:
    words = {plain_name(word) for word in NAMES[field].words}
    return [one for one in columns if plain_name(one) in words | {word.replace(" ", "") for word in words}]


def _side(number: int, side: _Look, pairs: _Look) -> SideFile | None:
    if side.query and not side.item_key:
        return _of_queries(number, side, pairs)
    if side.item_key and not side.query and not side.query_key:
        return _of_items(number, side, pairs, side.item_key)
    if side.bare_key and side.title and not side.query:
        return _of_items(number, side, pairs, side.bare_key)
    if side.bare_key and side.text and len(side.head.columns) == 2:
        return _of_texts(number, side, pairs)
    return None


def _of_queries(number: int, side: _Look, pairs: _Look) -> SideFile | None:
    key = side.query_key or side.bare_key
    if not key or not pairs.query_key:
        return None
    return SideFile(number, About.QUERY, (pairs.query_key[0],), (key[0],), needed=not pairs.query)


def _of_items(number: int, side: _Look, pairs: _Look, keys: Sequence[str]) -> SideFile:
    named = {plain_name(one): one for one in pairs.item_key}
    own = next((one for one in keys if plain_name(one) in named), keys[0])
    pair_key: tuple[str, ...] = (named.get(plain_name(own), pairs.item_key[0]),)
    key: tuple[str, ...] = (own,)
    if side.locale and pairs.locale:
        pair_key, key = (*pair_key, pairs.locale[0]), (*key, side.locale[0])
    long = side.named_values and not side.title
    return SideFile(number, About.ITEM, pair_key, key, bool(side.title) and not pairs.title, named_values=long)


def _of_texts(number: int, side: _Look, pairs: _Look) -> SideFile | None:
    """Ids and texts without a word of what they are: of queries or of items, as the ids of the pairs show."""
    key, text = side.bare_key[0], side.text[0]
    theirs = {_said(row, key) for row in side.head.rows}
    of_items = len(theirs & _ids(pairs, pairs.item_key))
    of_queries = len(theirs & _ids(pairs, pairs.query_key))
    if of_queries > of_items and pairs.query_key:
        return SideFile(
            number, About.QUERY, (pairs.query_key[0],), (key,), needed=not pairs.query, called={text: "query"}
        )
    needed = not pairs.title
    return SideFile(number, About.ITEM, (pairs.item_key[0],), (key,), needed=needed, called={text: "title"})


def _ids(pairs: _Look, columns: Sequence[str]) -> Set[str]:
    return {_said(row, column) for row in pairs.head.rows for column in columns[:1]}


def _said(row: Values, column: str) -> str:
    return plain(row.get(column)).strip()
