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
import gzip
import hashlib
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from relevance.constraints import Constraint, extract_constraints
from relevance.evidence import build_grid
from relevance.facts import ItemFacts, PairFacts, fold
from relevance.lexicon import Lexicon
from relevance.resampling import Floats, figures, ratio
from relevance.tagging import tags

Counts = Counter[str]
Sums = Callable[[str], Floats]
PARTS = ("readings", "cells", "queryner")
HALVES = ("looked_at", "unseen", "whole")

# The dimensions that a type of QueryNER may be read as.
DIMENSIONS_OF_TYPE: Mapping[str, frozenset[str]] = {
    "core_product_type": frozenset({"category", "main_accessory"}),
    "creator": frozenset({"brand"}),
    "color": frozenset({"colour"}),
    "material": frozenset({"material"}),
    "UoM": frozenset({"specification", "set_single"}),
    "department": frozenset({"audience"}),
    "price": frozenset({"price"}),
    "time": frozenset({"year"}),
    "quantity": frozenset({"set_single"}),
    "product_name": frozenset({"model", "ip_person"}),
    "product_number": frozenset({"model"}),
    "occasion": frozenset({"season", "aesthetic_style"}),
    "shape": frozenset({"style_details", "specification"}),
}


class Span(NamedTuple):
    start: int
    end: int
    kind: str


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


def lines(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.splitlines()]


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


def measured(
    counted: Sequence[Counts], shown: Mapping[str, tuple[Callable[[Sums], Floats], str]]
) -> dict[str, dict[str, float | int | None] | None]:
    """Figures of counts by query: each a function of sums, and the name of the count that says over how many it stands."""
    names = sorted({name for one in counted for name in one})
    table = np.array([[one[name] for name in names] for one in counted], dtype=np.float64).reshape(len(counted), -1)

    def statistic(weights: Floats) -> Floats:
        sums = dict(zip(names, (weights @ table).T, strict=True))
        nothing = np.zeros(len(weights))
        return np.stack([figure(lambda name: sums.get(name, nothing)) for figure, _ in shown.values()], axis=1)

    ns = [sum(one[over] for one in counted) for _, over in shown.values()]
    return {name: one.to_json() for name, one in zip(shown, figures(statistic, len(counted), ns), strict=True)}


def share(part: str, whole: str) -> tuple[Callable[[Sums], Floats], str]:
    return lambda sums: ratio(sums(part), sums(whole)), whole


def f1(right: str, found: str, hit: str, wanted: str) -> tuple[Callable[[Sums], Floats], str]:
    def harmonic(sums: Sums) -> Floats:
        precision, recall = ratio(sums(right), sums(found)), ratio(sums(hit), sums(wanted))
        return ratio(2 * precision * recall, precision + recall)

    return harmonic, wanted


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


# QueryNER: whole types, brands and segments

PRODUCT = {
    "segments_f1": f1("segments_right", "segments_found", "segments_right", "segments"),
    "head_is_a_whole_type": share("head_right", "with_type"),
    "head_inside_a_type": share("head_inside", "with_type"),
    "brand_precision": share("brand_right", "brand_found"),
    "brand_recall": share("brand_right", "brand"),
    "brand_f1": f1("brand_right", "brand_found", "brand_right", "brand"),
}


TAGGER = {
    "typed_f1": f1("typed_right", "typed_found", "typed_right", "typed"),
    "segments_f1": f1("segments_right", "segments_found", "segments_right", "segments"),
}


def queryner(data: Path, tags_into: Path | None = None) -> dict[str, Any]:
    rows = lines(data / "queryner" / "validation.jsonl")
    lexicon = Lexicon.shipped()
    extract_constraints("warm up", lexicon)
    seconds, counted, by_type = [], [], defaultdict[str, Counts](Counts)
    for row in rows:
        started = time.process_time()
        read = extract_constraints(" ".join(row["tokens"]), lexicon)
        seconds.append(time.process_time() - started)
        found = placed(row["tokens"], read)
        counted.append(counts_of_segments(spans(row["tags"]), found))
        for start, end, kind in spans(row["tags"]):
            dimensions = DIMENSIONS_OF_TYPE.get(kind, frozenset())
            by_type[kind].update(n=1, found=any(one[:2] == (start, end) and one.kind in dimensions for one, _ in found))
    said = [tags([fold(word) or "_" for word in row["tokens"]], lexicon) for row in rows]
    if tags_into is not None:
        tags_into.write_text("".join(json.dumps({"tags": one}) + "\n" for one in said), encoding="utf-8")
    tagger = [counts_of_tags(row["tags"], one) for row, one in zip(rows, said, strict=True)]
    recall = {
        kind: round(one["found"] / one["n"], 3) for kind, one in sorted(by_type.items()) if kind in DIMENSIONS_OF_TYPE
    }
    return {
        "tagger": measured(tagger, TAGGER),
        "product": measured(counted, PRODUCT) | {"recall_by_type": recall},
        "milliseconds_a_query": {
            "median": round(1000 * float(np.median(seconds)), 3),
            "p99": round(1000 * float(np.percentile(seconds, 99)), 3),
        },
    }


def counts_of_tags(gold: Sequence[str], said: Sequence[str]) -> Counts:
    true, found = set(spans(gold)), set(spans(said))
    segments, cut = {one[:2] for one in true}, {one[:2] for one in found}
    return Counts(
        typed=len(true),
        typed_found=len(found),
        typed_right=len(true & found),
        segments=len(segments),
        segments_found=len(cut),
        segments_right=len(segments & cut),
    )


def spans(tagged: Sequence[str]) -> list[Span]:
    found: list[Span] = []
    for at, tag in enumerate(tagged):
        if tag.startswith("I-") and found and found[-1].end == at and found[-1].kind == tag[2:]:
            found[-1] = found[-1]._replace(end=at + 1)
        elif tag.startswith("B-"):
            found.append(Span(at, at + 1, tag[2:]))
    return found


def placed(words: Sequence[str], read: Iterable[Constraint]) -> list[tuple[Span, bool]]:
    """Each wish as a span of words, and whether it is the head; a wish stands at its first free occurrence."""
    text = " ".join(words).lower()
    starts, ends, at = {}, {}, 0
    for number, word in enumerate(words):
        starts.update(dict.fromkeys(range(at, at + len(word)), number))
        ends.update(dict.fromkeys(range(at + 1, at + len(word) + 1), number))
        at += len(word) + 1
    taken: list[tuple[int, int]] = []
    found = []
    for one in read:
        wanted = one.text.lower()
        at = text.find(wanted)
        while at >= 0 and any(start < at + len(wanted) and at < end for start, end in taken):
            at = text.find(wanted, at + 1)
        if at >= 0:
            taken.append((at, at + len(wanted)))
            if at in starts and at + len(wanted) in ends:
                found.append((Span(starts[at], ends[at + len(wanted)] + 1, one.kind.value), one.head))
    return found


def counts_of_segments(gold: Sequence[Span], found: Sequence[tuple[Span, bool]]) -> Counts:
    types = [one[:2] for one in gold if one.kind == "core_product_type"]
    brands = {one[:2] for one in gold if one.kind == "creator"}
    said = {one[:2] for one, _ in found if one.kind == "brand"}
    head = next((one for one, is_head in found if is_head), None)
    inside = head is not None and any(start <= head.start and head.end <= end for start, end in types)
    segments, read = {one[:2] for one in gold}, {one[:2] for one, _ in found}
    return Counts(
        segments=len(segments),
        segments_found=len(read),
        segments_right=len(segments & read),
        with_type=int(bool(types)),
        head_right=int(head is not None and head[:2] in types),
        head_inside=int(inside),
        brand=len(brands),
        brand_found=len(said),
        brand_right=len(brands & said),
    )


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
