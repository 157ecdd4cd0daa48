"""Projects of any number of made-up pairs, written by the database itself: a million take a minute or two."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from annotation.models import Import
from projects.models import Project

PER_QUERY = 20

_STATEMENTS = (
    """INSERT INTO annotation_query (project_id, text, locale, is_benchmark)
       SELECT %(project)s, 'mug ' || n, '', false FROM generate_series(0, (%(count)s - 1) / %(per_query)s) n""",
    """INSERT INTO annotation_item (project_id, external_id)
       SELECT %(project)s, n::text FROM generate_series(0, %(count)s - 1) n""",
    """INSERT INTO annotation_snapshot (item_id, sha256, title, category, cpv, skus, images, shop, description,
                                        selling_points, price, sanitised, batch_id)
       SELECT id, lpad(external_id, 64, '0'), 'Mug number ' || external_id, '', %(cpv)s, '[]', '[]', '', %(description)s,
              '[]', '', 0, %(batch)s FROM annotation_item WHERE project_id = %(project)s""",
    """UPDATE annotation_item i SET current_snapshot_id = s.id FROM annotation_snapshot s
       WHERE s.item_id = i.id AND i.project_id = %(project)s""",
    """WITH q AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n
                               FROM annotation_query WHERE project_id = %(project)s),
            i AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n
                               FROM annotation_item WHERE project_id = %(project)s)
       INSERT INTO annotation_pair (project_id, query_id, item_id, batch_id, external_id, gold_label)
       SELECT %(project)s, q.id, i.id, %(batch)s, '', '' FROM i JOIN q ON q.n = i.n / %(per_query)s""",
    "ANALYZE annotation_query, annotation_item, annotation_snapshot, annotation_pair",
)


_TWELVE = [[f"attribute {number}", f"value number {number}"] for number in range(12)]


def make_pairs(project: Project, count: int, *, rich: bool = False) -> None:
    """`count` items called "Mug number N", PER_QUERY of them under each query; `rich`: a kilobyte each."""
    batch = Import.objects.create(project=project, kind="pairs", file_name="-", source="-", licence="-", confirmed=True)
    params: dict[str, Any] = {"project": project.pk, "batch": batch.pk, "count": count, "per_query": PER_QUERY,
              "cpv": json.dumps(_TWELVE) if rich else "[]", "description": "A mug for tea. " * 30 if rich else ""}  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, params)
