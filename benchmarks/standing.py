"""What stands of a project's judgments and predictions, read whole and of one pair, beside the same by DISTINCT ON.

    python -m benchmarks.standing [--pairs 1000000] [--times 5] [--explain]

Over a world (benchmarks.world), in one connection, without parallel workers. Told per statement: the median of PostgreSQL's
processor seconds, the floor being the rows themselves without asking which of them stand. `--explain` prints the plans.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from django.db import connection

from benchmarks import world
from benchmarks.measuring import Meter
from projects.models import Project

_OF_PROJECT = "JOIN catalogue_pair p ON p.id = s.pair_id WHERE p.project_id = %(project)s"
STATEMENTS = {
    "judgments, rows": f"SELECT s.pair_id, s.judge_id, s.label FROM annotation_judgment s {_OF_PROJECT}",
    "judgments, DISTINCT ON": f"""SELECT DISTINCT ON (s.pair_id, s.judge_id) s.pair_id, s.judge_id, s.label
        FROM annotation_judgment s {_OF_PROJECT} ORDER BY s.pair_id, s.judge_id, s.round DESC, s.revision DESC""",
    "judgments, view": f"SELECT s.pair_id, s.judge_id, s.label FROM annotation_standingjudgment s {_OF_PROJECT}",
    "predictions, rows": f"SELECT s.pair_id, s.label, s.posterior FROM inference_prediction s {_OF_PROJECT}",
    "predictions, DISTINCT ON": f"""SELECT DISTINCT ON (s.pair_id) s.pair_id, s.label, s.posterior
        FROM inference_prediction s {_OF_PROJECT} AND s.status = 'ok' ORDER BY s.pair_id, s.id DESC""",
    "predictions, view": f"SELECT s.pair_id, s.label, s.posterior FROM inference_standingprediction s {_OF_PROJECT}",
    "judgments of a pair, view": "SELECT * FROM annotation_standingjudgment WHERE pair_id = %(pair)s",
    "prediction of a pair, view": "SELECT * FROM inference_standingprediction WHERE pair_id = %(pair)s",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()
    world.make(options.pairs)
    with world.entered(options.pairs), connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        params = {"project": Project.objects.get(slug=world.SLUG).pk, "pair": options.pairs // 10}
        costs: dict[str, list[float]] = {name: [] for name in STATEMENTS}
        for _ in range(options.times):
            for name, statement in STATEMENTS.items():
                costs[name].append(_cost(cursor, statement, params))
        told = {name: round(statistics.median(seconds), 3) for name, seconds in costs.items()}
        sys.stdout.write(json.dumps({"pairs": options.pairs, "backend_seconds": told}, indent=1) + "\n")
        if options.explain:
            for name, statement in STATEMENTS.items():
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", params)
                sys.stdout.write(f"\n{name}\n" + "\n".join(line for (line,) in cursor.fetchall()) + "\n")


def _cost(cursor: Any, statement: str, params: dict[str, int]) -> float:
    """Processor seconds of PostgreSQL; the rows are made and not sent."""
    meter = Meter()
    before = meter.read()
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", params)
    return meter.read().since(before).backend


if __name__ == "__main__":
    main()
