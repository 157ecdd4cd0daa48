"""How fast a draft of the rules is held against stored pairs, beside merely reading them.

    python -m benchmarks.backtest [--pairs 200000]

Pairs are made up (tests.world.large) with the grids of real-looking queries and items, the same wishes for all
items of a query; the draft changes the precedence and label of one rule about colours. Told: seconds, the ratio to a bare
cursor over the same rows, and how much the process grew.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import resource
import sys
import time
from pathlib import Path

import orjson
from django.db import connection, transaction

from annotation.standard import backtesting
from catalogue.evidence import grids, lexicons
from jobs.process import COLLECT_AFTER
from projects.models import Project
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts
from relevance.lexicon import Lexicon
from relevance.rules import parse_rule, rule_to_data
from rules.packs import load_pack
from tests.world import large

COLOURS, THINGS = (
    ("red", "blue", "green", "black", "white"),
    ("mug", "dress", "armchair", "laptop", "lamp", "headphones"),
)
CHANGED = "R-080"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200_000)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)  # as in the worker that runs it
    project = stocked(options.pairs)
    before = load_pack(Path("rules/packs/starter.yaml").read_text(encoding="utf-8")).rules
    after = tuple(
        parse_rule({**rule_to_data(rule), "label": "L3"}) if rule.code == CHANGED else rule for rule in before
    )
    floor = bare(project)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    tally = backtesting.compare(project, before, after)
    seconds = time.perf_counter() - began
    assert tally is not None, "nobody stops it"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) // 1024
    began = time.perf_counter()
    result = backtesting.result_of(tally)
    sys.stdout.write(json.dumps({"pairs": tally.pairs, "rules": len(before), "flips": result["flips"],
                                 "seconds": round(seconds, 1), "seconds_for_intervals": round(time.perf_counter() - began, 1),
                                 "bare_cursor_seconds": round(floor, 1), "ratio": round(seconds / floor, 2),
                                 "grown_mib": grown}) + "\n")  # fmt: skip


def stocked(count: int) -> Project:
    name = f"backtest-{time.time_ns()}"
    project = Project.objects.create(slug=name, name=name)
    large.stock(project, count)
    bodies, each = [], len(COLOURS) * len(THINGS)  # all grids of one query hold the same wishes
    for asked, thing, found, other in itertools.product(COLOURS, THINGS, COLOURS, THINGS):
        item = ItemFacts(
            "", f"{found.title()} {other}, 300 ml", "home", (("colour", found), ("brand", "Ox"), ("size", "M"))
        )
        bodies.append(
            orjson.dumps(build_grid(PairFacts(f"{asked} {thing} 300 ml", item), Lexicon.shipped()).to_json()).decode()
        )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO catalogue_grid (query_id, snapshot_id, extractor, body)
               SELECT p.query_id, i.current_snapshot_id, 'benchmark',
                      (%s::text[])[1 + (p.query_id %% %s) * %s + p.item_id %% %s]::jsonb
               FROM catalogue_pair p JOIN catalogue_item i ON i.id = p.item_id WHERE p.project_id = %s""",
            [bodies, each, each, each, project.pk],
        )
        cursor.execute(
            "UPDATE catalogue_pair SET gold_label = 'L' || (1 + id %% 4) WHERE project_id = %s AND id %% 4 = 0",
            [project.pk],
        )
        cursor.execute("ANALYZE catalogue_grid, catalogue_pair")
    return project


def bare(project: Project) -> float:
    """Seconds to fetch the rows and look at nothing."""
    began = time.perf_counter()
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        now = grids.extractor(lexicons.current(project))
        cursor.execute(backtesting._PAIRS, {"project": project.pk, "extractor": now})
        while cursor.fetchmany(backtesting.TOGETHER):
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
