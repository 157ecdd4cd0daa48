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
from database.statements import rows, run

# A row in our field names (docs/importing.md). Pictures by the names that they have in the storage's folder `images`.
_ITEM = """
'item_id', i.external_id, 'title', s.title, 'category', nullif(s.category, ''), 'description', nullif(s.description, ''),
'selling_points', nullif(s.selling_points, '[]'), 'attributes', nullif(s.cpv, '[]'), 'skus', nullif(s.skus, '[]'),
'shop', nullif(s.shop, ''), 'price', nullif(s.price, ''),
'images', nullif((SELECT coalesce(jsonb_agg(left(hash, 2) || '/' || hash || '.webp' ORDER BY number), '[]')
                  FROM jsonb_array_elements_text(s.images) WITH ORDINALITY AS one(hash, number)) || s.image_addresses, '[]'),
'source', nullif(b.source, ''), 'licence', nullif(b.licence, ''), 'attribution', nullif(b.attribution, '')"""

_ORIGIN = "concat_ws(chr(10), b.source, b.licence, b.attribution)"

# What stands of a judge: the last revision of the last round, if it is a label and was not judged again by somebody. A member
# who is called like a rater stays another rater.
_PAIRS = f"""
SELECT {_ORIGIN}, g.label IS NOT NULL, coalesce(json_array_length(k.ratings), 0), json_strip_nulls(json_build_object(
  'pair_id', nullif(p.external_id, ''), 'query', q.text, 'locale', nullif(q.locale, ''), {_ITEM},
  'label_scale', r.scale_name, 'label', g.label, 'mismatch', g.mismatch, 'ratings', k.ratings,
  'benchmark', nullif(q.is_benchmark, false)))::text
FROM annotation_pair p
JOIN projects_project r ON r.id = p.project_id
JOIN annotation_query q ON q.id = p.query_id
JOIN annotation_item i ON i.id = p.item_id
JOIN annotation_snapshot s ON s.id = i.current_snapshot_id
JOIN annotation_import b ON b.id = s.batch_id
LEFT JOIN LATERAL (
  SELECT nullif(label, '') AS label, nullif(mismatch, '') AS mismatch FROM annotation_gold
  WHERE pair_id = p.id ORDER BY revision DESC LIMIT 1) g ON true
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('rater', CASE
      WHEN d.rater <> '' THEN d.rater
      WHEN EXISTS (SELECT 1 FROM annotation_judge o WHERE o.project_id = d.project_id AND o.rater = w.username)
      THEN left(w.username, 71) || ' (member)' ELSE w.username END, 'label', j.label) ORDER BY j.id) AS ratings
  FROM (
    SELECT DISTINCT ON (j.judge_id) j.* FROM annotation_judgment j
    WHERE j.pair_id = p.id AND NOT EXISTS (
      SELECT 1 FROM annotation_judgment old JOIN annotation_judgment again ON again.replaces_id = old.id
      WHERE old.pair_id = j.pair_id AND old.judge_id = j.judge_id AND old.round = j.round AND old.revision >= j.revision
        AND again.outcome <> 'withdrawn' AND NOT EXISTS (
          SELECT 1 FROM annotation_judgment later WHERE later.pair_id = again.pair_id AND later.judge_id = again.judge_id
            AND later.round = again.round AND later.revision > again.revision))
    ORDER BY j.judge_id, j.round DESC, j.revision DESC) j
  JOIN annotation_judge d ON d.id = j.judge_id
  LEFT JOIN projects_person w ON w.id = d.person_id
  WHERE j.outcome = 'label') k ON true
WHERE p.project_id = %s
ORDER BY 1, p.id"""

_ITEMS = f"""
SELECT {_ORIGIN}, false, 0, json_strip_nulls(json_build_object({_ITEM}))::text
FROM annotation_item i
JOIN annotation_snapshot s ON s.id = i.current_snapshot_id
JOIN annotation_import b ON b.id = s.batch_id
WHERE i.project_id = %s AND NOT EXISTS (SELECT 1 FROM annotation_pair p WHERE p.item_id = i.id)
ORDER BY 1, i.id"""

_KNOWLEDGE = """
SELECT '', false, 0, json_strip_nulls(json_build_object('kind', kind, 'key', key, 'text', text, 'locale', nullif(locale, ''),
  'source', nullif(source, ''), 'item_ids', nullif(item_ids, '[]'), 'clicks', clicks))::text
FROM inference_knowledgecard WHERE project_id = %s AND NOT retired ORDER BY id"""


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
        _write(folder, kind, statement, pk)
        for kind, statement in (("pairs", _PAIRS), ("items", _ITEMS), ("knowledge", _KNOWLEDGE))
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


def _write(folder: Path, kind: str, statement: str, project: int) -> CarriedFiles:
    """A file for each origin of texts: an import names one."""
    found, gold, ratings, names = 0, 0, 0, list[str]()
    for number, (_origin, lines) in enumerate(groupby(_lines(statement, project), lambda row: row.origin), 1):
        path = folder / f"{kind}-{number}.jsonl"
        with path.open("x", encoding="utf-8") as file:
            for line in lines:
                file.write(line.text + "\n")
                found, gold, ratings = found + 1, gold + line.gold, ratings + line.ratings
        names.append(f"{folder.name}/{path.name}")
    return CarriedFiles(found, gold, ratings, names)


def _lines(statement: str, project: int) -> Iterator[CarriedRow]:
    """From a cursor at the server: a million pairs never stand in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, [project])
        while found := cursor.fetchmany(1000):
            yield from map(CarriedRow._make, found)
