"""What a database of an earlier version holds, written as files that this version imports (docs/operations.md, "Carrying over").

Pairs with gold and ratings, items without a pair, knowledge cards. Read in one read-only moment; knows the old tables by
their names alone, no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import CommandError
from django.db import connection, transaction

from database import versions
from database.statements import rows, run, statement

_PAIRS = statement(__file__, "carried_pairs")
_ITEMS = statement(__file__, "carried_items")
_KNOWLEDGE = """
SELECT '', false, 0, json_strip_nulls(json_build_object('kind', kind, 'key', key, 'text', text, 'locale', nullif(locale, ''),
  'source', nullif(source, ''), 'item_ids', nullif(item_ids, '[]'), 'clicks', clicks))::text
FROM inference_knowledgecard WHERE project_id = %(project)s AND NOT retired ORDER BY id"""


class CarriedRow(NamedTuple):
    """A row of a file to be, and what it counts for."""

    origin: str
    gold: bool
    ratings: int
    text: str


class CarriedFiles(NamedTuple):
    rows: int
    gold: int
    ratings: int
    files: list[str]


def export(folder: Path) -> list[dict[str, Any]]:
    """A folder for each project; says what went in. Raises CommandError over any but an earlier version's database."""
    with transaction.atomic():
        # Without one moment for all, a label settled meanwhile would stand beside ratings from before it; without READ ONLY,
        # that nothing is changed there would be a promise of ours alone.
        run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if versions.EARLIER not in versions.applied():
            raise CommandError("the database is not of an earlier version: there is nothing to carry over")
        projects = rows("SELECT id, slug, scale_name FROM projects_project ORDER BY id")
        return [_project(folder / slug, pk, slug, scale) for pk, slug, scale in projects]


def _project(folder: Path, pk: int, slug: str, scale: str) -> dict[str, Any]:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise CommandError(f"{folder} is there already: name another folder") from None
    pairs, items, cards = (
        _write(folder, kind, asked, pk)
        for kind, asked in (("pairs", _PAIRS), ("items", _ITEMS), ("knowledge", _KNOWLEDGE))
    )
    return {
        "project": slug,
        "scale": scale,
        "pairs": pairs.rows,
        "gold": pairs.gold,
        "ratings": pairs.ratings,
        "items_without_pairs": items.rows,
        "knowledge": cards.rows,
        "files": [*pairs.files, *items.files, *cards.files],
    }


def _write(folder: Path, kind: str, asked: str, project: int) -> CarriedFiles:
    """A file for each origin of texts: an import names one."""
    found, gold, ratings, names = 0, 0, 0, list[str]()
    for number, (_origin, lines) in enumerate(groupby(_lines(asked, project), lambda row: row.origin), 1):
        path = folder / f"{kind}-{number}.jsonl"
        with path.open("x", encoding="utf-8") as file:
            for line in lines:
                file.write(line.text + "\n")
                found, gold, ratings = found + 1, gold + line.gold, ratings + line.ratings
        names.append(f"{folder.name}/{path.name}")
    return CarriedFiles(found, gold, ratings, names)


def _lines(asked: str, project: int) -> Iterator[CarriedRow]:
    """From a cursor at the server: a million pairs never stand in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(asked, {"project": project})
        while found := cursor.fetchmany(1000):
            yield from map(CarriedRow._make, found)
