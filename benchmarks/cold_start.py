"""What a change of the rules does to the cold start: two packs over the same labelled pairs, and their difference.

    python benchmarks/cold_start.py --data DIR --before PACK [--after PACK] [--set NAME ...]

DIR holds a folder with a `pairs.jsonl.gz` for each set; `--after` is the shipped pack unless named. The lexicon is the
shipped one with what each set's catalogue names, as in a project. Both packs see the same grids, and the interval of the
difference in quadratic kappa draws the same queries for both (paired). A table goes to stderr, one JSON object to stdout.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.distilled import ROOT, SETS, Labelled, read
from relevance.agreement import confusions, kappa_of
from relevance.deciding import decide
from relevance.evidence import EvidenceGrid, build_grid
from relevance.labels import LORE
from relevance.lexicon import Lexicon
from relevance.metrics import report
from relevance.resampling import Floats, figures
from relevance.rules import RuleSpec, fired_rules
from rules.packs import load_pack

WHERE = (*SETS, "wands_multirater")
FIGURES = ("acc2", "acc4", "macro_f1", "kappa_quadratic", "auc")


def told(
    whole: Labelled, grids: Sequence[EvidenceGrid], rules: Sequence[RuleSpec]
) -> tuple[list[str], list[float], Counter[str]]:
    """Labels in the set's scale, P(good), and in how many pairs each rule decided."""
    good_of = {code: whole.scale.is_good(whole.scale.from_lore(code)) for code in LORE.codes}
    labels, good, deciding = [], [], Counter[str]()
    for pair, grid in zip(whole.pairs, grids, strict=True):
        decision = decide(grid, fired_rules(pair, grid, rules))
        labels.append(whole.scale.from_lore(decision.label))
        good.append(sum(share for code, share in decision.posterior.items() if good_of[code]))
        deciding.update(rule.code for rule in decision.deciding)
    return labels, good, deciding


def compared(whole: Labelled, before: Sequence[RuleSpec], after: Sequence[RuleSpec]) -> dict[str, Any]:
    lexicon = Lexicon.shipped().learn(
        {(pair.item.external_id, pair.locale): pair.item for pair in whole.pairs}.values()
    )
    grids = [build_grid(pair, lexicon) for pair in whole.pairs]
    queries = [pair.query for pair in whole.pairs]
    result: dict[str, Any] = {"pairs": len(whole.pairs), "queries": len(set(queries))}
    labels = {}
    for name, rules in (("before", before), ("after", after)):
        labels[name], good, deciding = told(whole, grids, rules)
        found = report(whole.scale, list(zip(queries, whole.truth, labels[name], good, strict=True))).to_json()
        result[name] = {figure: found[figure] for figure in FIGURES} | {"deciding": dict(deciding.most_common())}
    result["changed"] = sum(a != b for a, b in zip(labels["before"], labels["after"], strict=True))
    result["kappa_difference"] = _difference(whole, queries, labels["before"], labels["after"])
    return result


def _difference(whole: Labelled, queries: list[str], before: list[str], after: list[str]) -> dict[str, Any] | None:
    tables = [
        confusions(list(zip(queries, whole.truth, labels, strict=True)), whole.scale) for labels in (before, after)
    ]

    def statistic(weights: Floats) -> Floats:
        first, second = (kappa_of(table.under(weights), "quadratic") for table in tables)
        return (second - first)[:, None]

    return figures(statistic, tables[0].queries, [len(whole.pairs)])[0].to_json()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--before", type=Path, required=True)
    asked.add_argument("--after", type=Path, default=ROOT / "rules/packs/starter.yaml")
    asked.add_argument("--set", dest="sets", action="append", choices=WHERE)
    given = asked.parse_args()
    before, after = (load_pack(path.read_text(encoding="utf-8")).rules for path in (given.before, given.after))
    result: dict[str, Any] = {"rules_before": len(before), "rules_after": len(after), "sets": {}}
    for name in given.sets or WHERE:
        found = result["sets"][name] = compared(read(given.data, name), before, after)
        sys.stderr.writelines(f"{line}\n" for line in _lines(name, found))
    sys.stdout.write(json.dumps(result) + "\n")


def _lines(name: str, found: dict[str, Any]) -> Iterator[str]:
    for which in ("before", "after"):
        cells = [f"{figure} {one['value']:.3f}" for figure in FIGURES if (one := found[which][figure])]
        yield f"{name:20} {which:7} {'  '.join(cells)}"
    if moved := found["kappa_difference"]:
        yield f"{'':20} kappa {moved['value']:+.3f} [{moved['low']:+.3f}, {moved['high']:+.3f}], {found['changed']} labels changed"


if __name__ == "__main__":
    main()
