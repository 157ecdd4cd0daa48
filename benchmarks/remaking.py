"""How fast the evidence of a project is made anew by the job that does it, and how large its process grows.

    python -m benchmarks.remaking --data DIR [--set NAME ...] [--pairs 50000]

In a database of its own, `lore_remaking`, made anew. Each pair has an item of its own, drawn by seed from the sets and numbered;
twenty pairs a query. Told: of the first making and of one where all is there, pairs a
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
from benchmarks.distilled import SETS, read
from catalogue.evidence import remaking
from catalogue.models import EvidenceRemaking, Grid, Import, Item, Pair, Query, QueryReading, Snapshot
from jobs import leasing
from jobs.process import COLLECT_AFTER
from projects.models import Project
from relevance.facts import ItemFacts
from tests.conftest import clone, drop, make_template
from tests.world.rows import make_import

DATABASE = "lore_remaking"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=list(SETS))
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


def _stocked(folder: Path, names: list[str], count: int) -> Project:
    sets, draw = [read(folder, name) for name in names], random.Random(8)
    project = Project.objects.create(slug="remaking", name="Remaking")
    batch = make_import(project=project, finished_at="2026-01-01T00:00Z")
    texts = list(dict.fromkeys(pair.query for whole in sets for pair in whole.pairs))
    texts += [f"{text} {n}" for n in range(count // 20 // len(texts)) for text in texts]
    queries = Query.objects.bulk_create([Query(project=project, text=text) for text in texts], 2000)
    known = [pair.item for whole in sets for pair in whole.pairs]
    for start in range(0, count, 2000):
        numbers = range(start, min(start + 2000, count))
        items = Item.objects.bulk_create([Item(project=project, external_id=f"item {n}") for n in numbers])
        Snapshot.objects.bulk_create(
            _snapshot(row, batch, draw.choice(known), n) for row, n in zip(items, numbers, strict=True)
        )
        Pair.objects.bulk_create(
            Pair(project=project, query=queries[n // 20], item=row, batch=batch)
            for row, n in zip(items, numbers, strict=True)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalogue_item i SET current_snapshot_id = s.id FROM catalogue_snapshot s WHERE s.item_id = i.id"
        )
        cursor.execute("ANALYZE")
    return project


def _snapshot(row: Item, batch: Import, like: ItemFacts, number: int) -> Snapshot:
    """With a number in its title: nothing that was read of another item can be remembered."""
    return Snapshot(
        item=row, batch=batch, sha256=hashlib.sha256(str(number).encode()).hexdigest(), title=f"{like.title} {number}",
        category=like.category, cpv=[[*pair] for pair in like.cpv], description=like.description,
        selling_points=list(like.selling_points), shop=like.shop,
    )  # fmt: skip


if __name__ == "__main__":
    main()
