"""How well the distilled tier learns: five folds by query on labelled sets, and from one set to another.

    python benchmarks/distilled.py --data DIR [--set NAME ...] [--seed 0] [--without FEATURE ...] [--cross]

DIR holds a folder with a `pairs.jsonl.gz` for each set. Lexicon, vocabulary, word weights, trees, line and temperature
are learnt inside the fold; queries of the same words in another order or number are one query. A table goes to stderr,
one JSON object to the last line of stdout.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import benchmarks  # noqa: E402, F401  (sets Django up, also where this file is run by its path)
from catalogue.importing.meaning import guessing, presets  # noqa: E402
from catalogue.importing.meaning.mapping import Mapper  # noqa: E402
from catalogue.importing.reading.readers import Row  # noqa: E402
from inference.distilled.feature_matrix import NAMES, observe  # noqa: E402
from inference.distilled.fitting import FOLDS, Floats, Learnt, Lesson, fit, fold_of  # noqa: E402
from jobs.process import COLLECT_AFTER  # noqa: E402
from relevance import features, reading  # noqa: E402
from relevance.calibration import expected_calibration_error, reliability  # noqa: E402
from relevance.chain import LABELS  # noqa: E402
from relevance.deciding import decide  # noqa: E402
from relevance.evidence import build_grid  # noqa: E402
from relevance.facts import AskedQuery, ItemFacts, PairFacts, Sku  # noqa: E402
from relevance.labels import Scale, scale_named  # noqa: E402
from relevance.lexicon import Lexicon  # noqa: E402
from relevance.metrics import report  # noqa: E402
from relevance.rules import fired_rules  # noqa: E402
from relevance.tokens import singular, tokens  # noqa: E402
from relevance.units import quantities  # noqa: E402
from relevance.vocabulary import Vocabulary, content_words  # noqa: E402
from rules.packs import load_pack  # noqa: E402

SETS = ("chorus_electronics", "wands_binary", "wands_graded", "esci")
FIGURES = ("acc2", "acc4", "macro_f1", "kappa_quadratic", "auc")
BATCH = 256
RULES = load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules


@dataclass(frozen=True)
class Labelled:
    """A set: its pairs, the label of each in the set's scale, and the words of its query, by which it is grouped."""

    name: str
    scale: Scale
    pairs: list[PairFacts]
    truth: list[str]
    family: list[str]

    @property
    def targets(self) -> Floats:
        lore = [LABELS.index(self.scale.to_lore(code)) for code in self.truth]
        return np.eye(len(LABELS))[lore]

    @property
    def company(self) -> dict[AskedQuery, list[ItemFacts]]:
        found: dict[AskedQuery, list[ItemFacts]] = {}
        for pair in self.pairs:
            found.setdefault(pair.asked_query, []).append(pair.item)
        return found

    def some(self, chosen: Any) -> Labelled:
        at = np.flatnonzero(chosen)
        return replace(
            self,
            pairs=[self.pairs[n] for n in at],
            truth=[self.truth[n] for n in at],
            family=[self.family[n] for n in at],
        )


def read(folder: Path, name: str) -> Labelled:
    with gzip.open(folder / name / "pairs.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = file.readlines()
    rows = [json.loads(line) for line in lines]
    scales = {row["label_scale"] for row in rows}
    scale = scale_named(next(iter(scales)))
    preset = presets.detect(guessing.columns_of(rows), scales, presets.PAIRS)
    mapper = Mapper(preset.columns, presets.PAIRS, scale)
    pairs, truth = [], []
    for number, (line, row) in enumerate(zip(lines, rows, strict=True), 1):
        record = mapper.record(Row(number, row, len(line)))
        said = record.content
        skus = tuple(Sku(sku.code, sku.name, sku.attributes) for sku in said.skus)
        item = ItemFacts(
            record.item_id, said.title, said.category, said.cpv, skus, said.shop, said.description, said.selling_points
        )
        pairs.append(PairFacts(record.query, item, record.locale))
        truth.append(record.label)
    return Labelled(name, scale, pairs, truth, [" ".join(sorted(set(content_words(p.query)))) for p in pairs])


@dataclass(frozen=True)
class Taught:
    """A model with the lexicon and vocabulary of the pairs it learnt from; some features may be hidden from it."""

    model: Learnt
    lexicon: Lexicon
    vocabulary: Vocabulary
    columns: list[int]

    def posterior(self, pairs: Sequence[PairFacts], company: dict[AskedQuery, list[ItemFacts]]) -> Floats:
        seen, words = _observed(pairs, self.lexicon, self.vocabulary, company)
        return self.model.posterior(seen[:, self.columns], words)


def teach(lesson: Labelled, company: dict[AskedQuery, list[ItemFacts]], without: Sequence[str], seed: int) -> Taught:
    items = list({(pair.item.external_id, pair.locale): pair.item for pair in lesson.pairs}.values())
    lexicon, vocabulary = Lexicon.shipped().learn(items), Vocabulary.learn(items)
    columns = [n for n, name in enumerate(NAMES) if name not in without]
    seen, words = _observed(lesson.pairs, lexicon, vocabulary, company)
    names = [NAMES[n] for n in columns]
    model = fit(names, Lesson(seen[:, columns], words, lesson.targets, lesson.family), seed=seed)
    return Taught(model, lexicon, vocabulary, columns)


def _observed(
    pairs: Sequence[PairFacts], lexicon: Lexicon, vocabulary: Vocabulary, company: dict[AskedQuery, list[ItemFacts]]
) -> tuple[Floats, list[list[tuple[str, float]]]]:
    seen = observe([(pair, build_grid(pair, lexicon)) for pair in pairs], RULES, vocabulary, company)
    return seen.features, seen.words


def out_of_fold(whole: Labelled, without: Sequence[str], seed: int) -> tuple[Floats, Floats, list[str], Taught]:
    """Posteriors of the learnt tier and of the cold start, the majority's label, and the last fold's model."""
    fold = fold_of(whole.family, FOLDS, seed)
    learnt, cold = np.zeros((2, len(whole.pairs), len(LABELS)))
    majority = [""] * len(whole.pairs)
    for number in range(FOLDS):
        held = fold == number
        lesson, test = whole.some(~held), whole.some(held)
        taught = teach(lesson, whole.company, without, seed)
        learnt[held] = taught.posterior(test.pairs, whole.company)
        cold[held] = [_cold(pair, taught.lexicon) for pair in test.pairs]
        most = Counter(lesson.truth).most_common(1)[0][0]
        for n in np.flatnonzero(held):
            majority[n] = most
    return learnt, cold, majority, taught


def _cold(pair: PairFacts, lexicon: Lexicon) -> list[float]:
    grid = build_grid(pair, lexicon)
    shares = decide(grid, fired_rules(pair, grid, RULES)).posterior
    return [shares[label] for label in LABELS]


def measured(test: Labelled, shares: Floats) -> dict[str, Any]:
    """The figures of posteriors (n, 4), with intervals by query, and the calibration of P(good)."""
    good_of = np.array([test.scale.is_good(test.scale.from_lore(label)) for label in LABELS])
    good = shares[:, good_of].sum(axis=1)
    told = [test.scale.from_lore(LABELS[int(n)]) for n in shares.argmax(axis=1)]
    truly = np.array([test.scale.is_good(code) for code in test.truth], dtype=np.float64)
    return {
        **_figures(test, told, [float(share) for share in good]),
        "ece": round(expected_calibration_error(good, truly), 4),
        "calibration": [dict(vars(one)) for one in reliability(good, truly)],
    }


def _figures(test: Labelled, told: Sequence[str], good: Sequence[float | None]) -> dict[str, Any]:
    found = report(test.scale, list(zip(test.family, test.truth, told, good, strict=True))).to_json()
    return {name: found[name] for name in ("pairs", *FIGURES)}


def speed(taught: Taught, whole: Labelled) -> float:
    """Pairs a second of processor time from facts in memory to posteriors, in a worker's settings, nothing remembered."""
    gc.set_threshold(*COLLECT_AFTER)
    for memory in (tokens, singular, quantities, features._folded, features._held):
        memory.cache_clear()
    reading._readings.clear()
    reading._pieces.clear()
    company, began = whole.company, time.process_time()
    for start in range(0, len(whole.pairs), BATCH):
        taught.posterior(whole.pairs[start : start + BATCH], company)
    return round(len(whole.pairs) / (time.process_time() - began), 1)


def within(whole: Labelled, without: Sequence[str], seed: int) -> dict[str, Any]:
    learnt, cold, majority, taught = out_of_fold(whole, without, seed)
    return {
        "pairs": len(whole.pairs),
        "queries": len(set(whole.family)),
        "learnt": measured(whole, learnt),
        "cold_start": measured(whole, cold),
        "majority": _figures(whole, majority, [None] * len(majority)),
        "pairs_per_second": speed(taught, whole),
        "bytes": len(taught.model.to_bytes()),
    }


def across(sets: Sequence[Labelled], without: Sequence[str], seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Learnt on one set, measured on each other one, queries that both have left out."""
    for lesson in sets:
        taught = teach(lesson, lesson.company, without, seed)
        known = set(lesson.family)
        for other in sets:
            unseen = other.some(np.array([family not in known for family in other.family]))
            if unseen.pairs:  # none of its own
                shares = taught.posterior(unseen.pairs, other.company)
                yield f"{lesson.name} -> {other.name}", measured(unseen, shares)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--set", dest="sets", action="append", choices=SETS)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--without", nargs="*", default=[], choices=NAMES, metavar="FEATURE")
    asked.add_argument("--cross", action="store_true", help="also learn on each set and measure on the others")
    told = asked.parse_args()
    sets = [read(told.data, name) for name in told.sets or SETS]
    result: dict[str, Any] = {"seed": told.seed, "without": told.without, "sets": {}, "cross": {}}
    for whole in sets:
        found = result["sets"][whole.name] = within(whole, told.without, told.seed)
        for who in ("learnt", "cold_start", "majority"):
            _show(f"{whole.name} {who}", found[who])
        _say(f"{'':30} {found['pairs_per_second']:.0f} pairs/s, {found['bytes']} bytes")
    if told.cross:
        for name, figures in across(sets, told.without, told.seed):
            result["cross"][name] = figures
            _show(name, figures)
    sys.stdout.write(json.dumps(result) + "\n")


def _show(name: str, found: dict[str, Any]) -> None:
    cells = [
        f"{figure} {one['value']:.3f}" + (f" [{one['low']:.3f} {one['high']:.3f}]" if one["low"] is not None else "")
        for figure in FIGURES
        if (one := found[figure])
    ]
    _say(f"{name:40} {'  '.join(cells)}" + (f"  ece {found['ece']:.3f}" if "ece" in found else ""))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
