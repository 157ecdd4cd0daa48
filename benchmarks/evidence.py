"""How right queries are read and answered: readings, heads, cells and conflicts beside what people read by hand.

    python benchmarks/evidence.py --data DIR [--part readings|cells|queryner ...] [--tags FILE]

DIR holds `evidence_gold` (queries.jsonl, pairs.jsonl: two readers each), `queryner` (validation.jsonl) and a folder with a
`pairs.jsonl.gz` for each set that the pairs are of; that set's items teach the lexicon, as in a project. Every figure
resamples whole queries. The queries of the gold fall into two halves by the digest of their text: `looked_at`, from which
errors may be read while something is built, and `unseen`, which only measures. Errors of the first half are counted by
their kind; no text of the sets is printed. `--tags` takes the tagger's tags of QueryNER's validation part, a line each.
A table goes to stderr, one JSON object to stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.by_query import Counts, f1, lines, measured, share
from benchmarks.queryner import queryner
from relevance.constraints import Constraint, extract_constraints
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts, fold
from relevance.lexicon import Lexicon

PARTS = ("readings", "cells", "queryner")
HALVES = ("looked_at", "unseen", "whole")


class Gold:
    """What two people read, and the items that their pairs are of."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.queries = lines(data / "evidence_gold" / "queries.jsonl")
        self.pairs = lines(data / "evidence_gold" / "pairs.jsonl")
        self.heads = {one["query"]: heads(one) for one in self.queries}

    @cached_property
    def rows(self) -> dict[str, list[dict[str, Any]]]:
        wanted = sorted({pair["set"] for pair in self.pairs})
        return {name: lines(self._data / name / "pairs.jsonl.gz") for name in wanted}

    @cached_property
    def lexicons(self) -> dict[str, Lexicon]:
        return {name: Lexicon.shipped().learn([facts(row) for row in rows]) for name, rows in self.rows.items()}

    @cached_property
    def set_of(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for pair in self.pairs:
            found.setdefault(pair["query"], pair["set"])
        return found

    def lexicon(self, query: str) -> Lexicon:
        name = self.set_of.get(query)
        return self.lexicons[name] if name else Lexicon.shipped()


def facts(row: Mapping[str, Any]) -> ItemFacts:
    attributes = row.get("attributes") or {}
    brand = [("brand", row["brand"])] if row.get("brand") and "brand" not in attributes else []
    cpv = (*((name, str(value)) for name, value in attributes.items()), *brand)
    return ItemFacts(
        row["item_id"], row["title"], row.get("category") or "", cpv, description=row.get("description") or ""
    )


def half_of(query: str) -> str:
    return HALVES[int(hashlib.sha256(query.encode()).hexdigest(), 16) % 2]


def heads(read: Mapping[str, Any]) -> list[str | None]:
    """Each reader's head, None of one who saw none."""
    return [next((fold(one["text"]) for one in reader if one["head"]), None) for reader in read["readers"]]


def by_half(counted: Mapping[str, Counts], shown: Mapping[str, Any]) -> dict[str, Any]:
    halves = {half: [one for query, one in counted.items() if half in (half_of(query), "whole")] for half in HALVES}
    return {half: measured(rows, shown) for half, rows in halves.items()}


# readings

READINGS = {
    "precision": share("right", "found"),
    "recall": share("hit", "wanted"),
    "f1": f1("right", "found", "hit", "wanted"),
    "head": share("head_right", "queries"),
    "for": f1("for_right", "for_found", "for_hit", "for_wanted"),
}


def readings(gold: Gold) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for locale in ("en", "zh"):
        counted, errors = {}, Counts()
        for one in gold.queries:
            if one["locale"] == locale:
                read = extract_constraints(one["query"], gold.lexicon(one["query"]))
                counted[one["query"]] = counts_of_reading(one, read)
                if half_of(one["query"]) == "looked_at":
                    errors.update(errors_of_reading(one, read))
        result[locale] = by_half(counted, READINGS) | {"errors": dict(errors.most_common())}
    return result


def counts_of_reading(gold: Mapping[str, Any], read: Sequence[Constraint]) -> Counts:
    first, second = ({(fold(one["text"]), one["dimension"]) for one in reader} for reader in gold["readers"])
    found = {(fold(one.text), one.kind.value) for one in read}
    for_first, for_second = ({fold(o["text"]) for o in r if o.get("role") == "for"} for r in gold["readers"])
    for_found = {fold(one.text) for one in read if one.role == "for"}
    head = next((fold(one.text) for one in read if one.head), None)
    return Counts(
        queries=1,
        head_right=int(head in heads(gold)),
        found=len(found),
        right=len(found & (first | second)),
        wanted=len(first & second),
        hit=len(first & second & found),
        for_found=len(for_found),
        for_right=len(for_found & (for_first | for_second)),
        for_wanted=len(for_first & for_second),
        for_hit=len(for_first & for_second & for_found),
    )


def errors_of_reading(gold: Mapping[str, Any], read: Sequence[Constraint]) -> Counts:
    """What is wrong, by kind: a span cut otherwise, another dimension, a wish missed, a head that is another."""
    either = {(fold(one["text"]), one["dimension"]) for reader in gold["readers"] for one in reader}
    texts = {text for text, _ in either}
    found = {(fold(one.text), one.kind.value) for one in read}
    both = set.intersection(*({(fold(o["text"]), o["dimension"]) for o in r} for r in gold["readers"]))
    errors = Counts()
    for text, kind in sorted(found - either):
        if text in texts:
            meant = "/".join(sorted(dimension for other, dimension in either if other == text))
            errors[f"dimension: {meant} read as {kind}"] += 1
        else:
            errors[f"span: {_cut(text, texts)}, read as {kind}"] += 1
    read_texts = {text for text, _ in found}
    errors.update(f"missed: {kind}, {_cut(text, read_texts)}" for text, kind in both if text not in read_texts)
    head = next((fold(one.text) for one in read if one.head), None)
    if head not in heads(gold):
        errors[f"head: {_cut(head or '', {one for one in heads(gold) if one}) if head else 'none'}"] += 1
    return errors


def _cut(text: str, others: Iterable[str]) -> str:
    if any(text in other for other in others):
        return "part of one"
    return "more than one" if any(other in text for other in others) else "nothing of the kind"


# cells

CELLS = {
    "right": share("right", "shared"),
    "wrong": share("wrong", "shared"),
    "a_step": share("a_step", "shared"),
    "silent": share("silent", "shared"),
    "not_read": share("not_read", "shared"),
    "wrong_of_spoken": share("spoken_wrong", "spoken"),
    "conflict_precision": share("conflict_right", "conflicts"),
    "conflict_recall": share("conflict_hit", "conflicts_wanted"),
    "head_verdict": share("head_right", "heads"),
}


def cells(gold: Gold) -> dict[str, Any]:
    items = {(name, row["pair_id"]): facts(row) for name, rows in gold.rows.items() for row in rows}
    counted: dict[str, Counts] = defaultdict(Counts)
    errors = Counts()
    for pair in gold.pairs:
        item = items.get((pair["set"], pair["pair_id"]))
        if item is not None:
            grid = build_grid(PairFacts(pair["query"], item), gold.lexicons[pair["set"]])
            said = {fold(row.constraint.text): row.verdict.value for row in grid.rows}
            first, second = ({fold(one["text"]): one["verdict"] for one in reader} for reader in pair["readers"])
            counted[pair["query"]] += counts_of_cells(said, first, second, gold.heads.get(pair["query"], []))
            if half_of(pair["query"]) == "looked_at":
                errors.update(errors_of_cells(said, first, second))
    return by_half(counted, CELLS) | {"errors": dict(errors.most_common())}


def counts_of_cells(
    said: Mapping[str, str], first: Mapping[str, str], second: Mapping[str, str], wanted: Sequence[str | None]
) -> Counts:
    counts = Counts()
    for text, verdict in said.items():
        beside = first.get(text, second.get(text))
        if verdict == "conflict":
            counts.update(conflicts=1, conflict_right=int("conflict" in (first.get(text), second.get(text))))
        if beside and verdict != "silent":
            counts.update(spoken=1, spoken_wrong=int(_opposed(verdict, beside)))
    for text in first.keys() & second.keys():
        if first[text] == second[text]:
            counts.update(_of_shared(said.get(text), first[text], head=text in wanted))
    return counts


def _of_shared(said: str | None, true: str, *, head: bool) -> Counts:
    counts = Counts(shared=1, heads=int(head), head_right=int(head and said == true))
    counts.update(conflicts_wanted=int(true == "conflict"), conflict_hit=int(said == true == "conflict"))
    counts[_outcome(said, true)] += 1
    return counts


def _outcome(said: str | None, true: str) -> str:
    if said is None:
        return "not_read"
    if said in (true, "silent"):
        return "right" if said == true else "silent"
    return "a_step" if {said, true} == {"match", "near"} else "wrong"


def _opposed(said: str, true: str) -> bool:
    return (said == "conflict") != (true == "conflict") and true != "silent"


def errors_of_cells(said: Mapping[str, str], first: Mapping[str, str], second: Mapping[str, str]) -> Counts:
    shared = (text for text in first.keys() & second.keys() if first[text] == second[text])
    pairs = ((said.get(text, "not read"), first[text]) for text in shared)
    return Counts(f"{verdict} for {true}" for verdict, true in pairs if verdict != true)


def told(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """The figures of a part as lines, deeper ones under their path."""
    if found.keys() >= {"value", "low", "high", "n"}:
        yield f"{name:48} {found['value']:.3f} [{found['low'] or 0:.3f}, {found['high'] or 0:.3f}] of {found['n']}"
    elif found and all(isinstance(one, int | float) for one in found.values()):
        yield f"{name:48} " + ", ".join(f"{key} {value}" for key, value in found.items())
    else:
        for key, one in found.items():
            if one is not None:
                yield from told(f"{name} {key}".strip(), one)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--part", dest="parts", action="append", choices=PARTS)
    asked.add_argument("--tags", type=Path, help="write the tagger's tags of QueryNER's validation part here")
    given = asked.parse_args()
    gold = Gold(given.data)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "readings": lambda: readings(gold),
        "cells": lambda: cells(gold),
        "queryner": lambda: queryner(given.data, given.tags),
    }
    result = {name: parts[name]() for name in given.parts or PARTS}
    sys.stderr.writelines(f"{line}\n" for line in told("", result))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
