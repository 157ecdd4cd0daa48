"""What evidence costs: processor milliseconds a pair for the reading of its query, the item, the grid and the features.

    python -m benchmarks.evidence_cost --data DIR [--set NAME ...] [--pairs 4000]

DIR holds a folder with a `pairs.jsonl.gz` for each set. The lexicon is learnt from the items of the set; nothing is remembered
from before. In batches of 256 pairs, each part by itself: `reading` reads each query of the batch once, `stored` takes the same
readings from their JSON; `item` reads each item, `grid` looks the wishes up in items that are read, `features` makes the columns
of the learnt tier. `cold` is all of them, `with_stored` all with `stored` in place of `reading`.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmarks  # noqa: F401  (sets Django up)
from benchmarks.distilled import BATCH, RULES, SETS, read
from inference.distilled.feature_matrix import observe
from jobs.process import COLLECT_AFTER
from relevance.constraints import Constraint, extract_constraints
from relevance.dimensions import Dimension
from relevance.evidence import build_grid
from relevance.facts import PairFacts
from relevance.lexicon import Lexicon
from relevance.reading import read_item
from relevance.vocabulary import Vocabulary

PARTS = ("reading", "stored", "item", "grid", "features")


class Spent:
    """Processor seconds by part."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)

    def on(self, part: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        self.seconds[part] += time.process_time() - began
        return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=list(SETS))
    parser.add_argument("--pairs", type=int, default=4000)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)  # as in a worker
    told = {name: measured(options.data, name, options.pairs) for name in options.set}
    for name, row in told.items():
        sys.stderr.write(f"{name:20}" + "".join(f" {part} {row[part]:7.3f}" for part in row) + "\n")
    sys.stdout.write(json.dumps(told) + "\n")


def measured(folder: Path, name: str, most: int) -> dict[str, float]:
    whole = read(folder, name)
    queries = list(dict.fromkeys(pair.query for pair in whole.pairs))
    random.Random(8).shuffle(queries)
    order = {query: n for n, query in enumerate(queries)}
    pairs = sorted(whole.pairs, key=lambda pair: order[pair.query])[:most]
    items = list({pair.item.external_id: pair.item for pair in whole.pairs}.values())
    lexicon, vocabulary, spent = Lexicon.shipped().learn(items), Vocabulary.learn(items), Spent()
    extract_constraints("red mug", lexicon)  # what a process loads once
    for start in range(0, len(pairs), BATCH):
        _batch(pairs[start : start + BATCH], lexicon, vocabulary, whole.company, spent)
    each = {part: round(1000 * seconds / len(pairs), 4) for part, seconds in spent.seconds.items()}
    rest = each["item"] + each["grid"] + each["features"]
    return {
        "pairs": len(pairs),
        "queries": len({pair.query for pair in pairs}),
        **each,
        "cold": round(each["reading"] + rest, 4),
        "with_stored": round(each["stored"] + rest, 4),
    }


def _batch(pairs: list[PairFacts], lexicon: Lexicon, vocabulary: Vocabulary, company: Any, spent: Spent) -> None:
    queries = list(dict.fromkeys(pair.query for pair in pairs))
    wishes = spent.on("reading", lambda: {query: extract_constraints(query, lexicon) for query in queries})
    kept = {query: json.dumps([dict(vars(one)) for one in found]) for query, found in wishes.items()}
    spent.on("stored", lambda: {query: [_wish(one) for one in json.loads(text)] for query, text in kept.items()})
    spent.on("item", lambda: [read_item(pair.item, lexicon) for pair in pairs])
    grids = spent.on("grid", lambda: [build_grid(pair, lexicon, wishes[pair.query]) for pair in pairs])
    told = list(zip(pairs, grids, strict=True))
    spent.on("features", lambda: observe(told, RULES, vocabulary, company))


def _wish(stored: dict[str, Any]) -> Constraint:
    from_json = getattr(Constraint, "from_json", None)
    return from_json(stored) if from_json is not None else Constraint(**{**stored, "kind": Dimension(stored["kind"])})


if __name__ == "__main__":
    main()
