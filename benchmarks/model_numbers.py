"""Whether a model number that is another one is called a conflict: real pairs and seeded counterfactuals.

    python benchmarks/model_numbers.py --data DIR [--set chorus_electronics] [--query TEXT] [--n 60] [--seed 8]

DIR holds `catalog/icecat_electronics.jsonl.gz` and a folder with a `pairs.jsonl.gz` for the set. Real pairs are those of one
query that names a code: an item of a good grade has it, any other has not. A counterfactual takes an item whose title
holds a code, asks for it by brand and code, and puts another code of the same letters in its place that some other item of
the catalogue has; beside it the item is asked for by its own code. Intervals draw items. One JSON object to stdout.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.by_query import lines, measured, share
from benchmarks.evidence import facts
from relevance.constraints import extract_constraints
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts, fold
from relevance.lexicon import Lexicon

CODE = re.compile(
    r"(?<![a-z0-9.-])(?P<letters>[a-z]{2,6})(?P<dash>-?)(?P<digits>\d{2,5})(?P<rest>[a-z]{0,2})(?![a-z0-9-])"
)
FIGURES = {
    "conflict_precision": share("right", "conflicts"),
    "conflict_recall": share("hit", "others"),
    "recall_where_a_code_is_stated": share("hit_stated", "others_stated"),
    "own_code_matches": share("own_match", "own"),
}


class Asked(NamedTuple):
    query: str
    code: str
    item: ItemFacts
    another: bool  # the item is another model than the one asked for
    stated: bool  # and says so by a code of the same letters


def codes(text: str) -> Iterator[re.Match[str]]:
    yield from CODE.finditer(fold(text))


def real_pairs(data: Path, name: str, query: str) -> list[Asked]:
    rows = [row for row in lines(data / name / "pairs.jsonl.gz") if row["query"] == query]
    found = next(codes(query), None)
    if found is None:
        return []
    return [
        Asked(query, found.group(), facts(row), row["grade"] < 2, _states(row["title"], found["letters"]))
        for row in rows
    ]


def _states(title: str, letters: str) -> bool:
    return any(found["letters"] == letters for found in codes(title.replace("-", "")))


def counterfactuals(rows: Sequence[dict[str, Any]], n: int, seed: int) -> list[Asked]:
    by_letters: dict[str, set[str]] = defaultdict(set)
    held = []
    for row in rows:
        found = list(codes(row["title"]))
        for one in found:
            by_letters[one["letters"]].add(one.group())
        if len(found) == 1 and row.get("brand"):
            held.append((row, found[0]))
    drawn = random.Random(seed)
    asked: list[Asked] = []
    for row, one in drawn.sample(held, len(held)):
        others = sorted(other for other in by_letters[one["letters"]] if _digits(other) != one["digits"])
        if others and len(asked) < 2 * n:
            another = drawn.choice(others)
            asked.append(Asked(f"{row['brand']} {another}", another, facts(row), another=True, stated=True))
            asked.append(Asked(f"{row['brand']} {one.group()}", one.group(), facts(row), another=False, stated=True))
    return asked


def _digits(code: str) -> str:
    return "".join(sign for sign in code if sign.isdigit())


def told(asked: Asked, lexicon: Lexicon) -> str:
    """The verdict of the wish that holds the code; "not read" where none does."""
    wishes = extract_constraints(asked.query, lexicon)
    rows = build_grid(PairFacts(asked.query, asked.item), lexicon, wishes).rows
    bare = asked.code.replace("-", "")
    return next((row.verdict.value for row in rows if bare in fold(row.constraint.text).replace("-", "")), "not read")


def counted(asked: Sequence[Asked], lexicon: Lexicon) -> list[Counter[str]]:
    found = []
    for one in asked:
        verdict = told(one, lexicon)
        conflict = verdict == "conflict"
        found.append(
            Counter(
                conflicts=int(conflict),
                right=int(conflict and one.another),
                others=int(one.another),
                hit=int(conflict and one.another),
                others_stated=int(one.another and one.stated),
                hit_stated=int(conflict and one.another and one.stated),
                own=int(not one.another),
                own_match=int(verdict == "match" and not one.another),
            )
        )
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--set", dest="name", default="chorus_electronics")
    asked.add_argument("--query", default="brother tn-2110 toner")
    asked.add_argument("--n", type=int, default=60)
    asked.add_argument("--seed", type=int, default=8)
    given = asked.parse_args()
    rows = lines(given.data / "catalog" / "icecat_electronics.jsonl.gz")
    lexicon = Lexicon.shipped().learn([facts(row) for row in rows])
    parts = {
        "real": counted(real_pairs(given.data, given.name, given.query), lexicon),
        "counterfactual": counted(counterfactuals(rows, given.n, given.seed), lexicon),
    }
    parts["together"] = [*parts["real"], *parts["counterfactual"]]
    result = {name: {"pairs": len(rows_), **measured(rows_, FIGURES)} for name, rows_ in parts.items()}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
