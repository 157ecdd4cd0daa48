"""How the tagger and the product's reading agree with the spans that people typed in QueryNER's queries."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.by_query import Counts, f1, lines, measured, share
from relevance.constraints import Constraint, extract_constraints
from relevance.facts import fold
from relevance.lexicon import Lexicon
from relevance.tagging import tags

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
