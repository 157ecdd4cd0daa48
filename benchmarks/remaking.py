"""How fast the evidence of a project is made anew by the job that does it, and how large its process grows.

    python -m benchmarks.remaking --data DIR [--set esci] [--pairs 50000]

In a database of its own, `lore_remaking`, made anew. The set's queries and items are stored once; further pairs are its queries
with items of others, drawn by seed, until there are so many. Told: of the first making and of one where all is there, pairs a
second (by the clock, and by processor time of Python), and MiB by which the process grew from a tenth of the way to the end.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import random
import resource
import sys
import time
from pathlib import Path

from django.db import connection

import benchmarks  # noqa: F401  (sets Django up)
from benchmarks.distilled import read
from catalogue.evidence import remaking
from catalogue.models import EvidenceRemaking, Grid, Item, Pair, Query, QueryReading, Snapshot
from jobs import leasing
from jobs.process import COLLECT_AFTER
from projects.models import Project
from tests.conftest import clone, drop, make_template
from tests.world.rows import make_import

DATABASE = "lore_remaking"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", default="esci")
    parser.add_argument("--pairs", type=int, default=50_000)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)  # as in a worker
    _fresh()
    project = _stocked(options.data, options.set, options.pairs)
    told = {"pairs": options.pairs, "queries": project.queries.count()}
    told |= {"first": _made(project), "again": _made(project)}
    told |= {"grids": Grid.objects.count(), "readings": QueryReading.objects.count(), **_sizes()}
    sys.stdout.write(json.dumps(told) + "\n")


def _made(project: Project) -> dict[str, float]:
    asked = remaking.start(project, None)
    token = leasing.claim(EvidenceRemaking, asked.pk)
    assert token is not None
    grown: list[int] = []

    def say(now: EvidenceRemaking) -> None:
        sys.stderr.write(f"{now.seen} of {now.total}, {now.rate:.0f}/s, {_resident()} MiB\n")
        if now.seen * 10 >= now.total:
            grown.append(_resident())

    began, spent = time.perf_counter(), time.process_time()
    remaking.work(asked.pk, token, say)
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    asked.refresh_from_db()
    return {
        "made": asked.made,
        "pairs_per_second": round(asked.seen / seconds, 1),
        "processor_ms_a_pair": round(1000 * processor / asked.seen, 3),
        "grown_mib": _resident() - grown[0] if grown else 0,
        "resident_mib": _resident(),
    }


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _sizes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('catalogue_grid') >> 20, pg_total_relation_size('catalogue_queryreading') >> 20"
        )
        grids, readings = cursor.fetchone()
    return {"grids_mib": grids, "readings_mib": readings}


def _fresh() -> None:
    connection.close()
    drop(DATABASE)
    clone(make_template(), DATABASE)
    connection.settings_dict["NAME"] = DATABASE


def _stocked(folder: Path, name: str, count: int) -> Project:
    whole, draw = read(folder, name), random.Random(8)
    project = Project.objects.create(slug="remaking", name="Remaking")
    batch = make_import(project=project, finished_at="2026-01-01T00:00Z")
    items = list({pair.item.external_id: pair.item for pair in whole.pairs}.values())
    rows = Item.objects.bulk_create([Item(project=project, external_id=one.external_id) for one in items], 2000)
    Snapshot.objects.bulk_create(
        [
            Snapshot(
                item=row, batch=batch, sha256=hashlib.sha256(one.external_id.encode()).hexdigest(), title=one.title,
                category=one.category, cpv=[[*pair] for pair in one.cpv], description=one.description,
                selling_points=list(one.selling_points), shop=one.shop,
            )
            for row, one in zip(rows, items, strict=True)
        ],
        2000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalogue_item i SET current_snapshot_id = s.id FROM catalogue_snapshot s WHERE s.item_id = i.id"
        )
    texts = list(dict.fromkeys(pair.query for pair in whole.pairs))
    queries = Query.objects.bulk_create([Query(project=project, text=text) for text in texts], 2000)
    chosen: dict[tuple[int, int], None] = {}
    while len(chosen) < count:  # the items of a query together, as an import brings them
        for query in queries:
            chosen |= {(query.pk, draw.choice(rows).pk): None for _ in range(20)}
    made = sorted(list(chosen)[:count])
    Pair.objects.bulk_create([Pair(project=project, query_id=q, item_id=i, batch=batch) for q, i in made], 5000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return project


if __name__ == "__main__":
    main()
