"""What was found when the demo's grids were read still speaks of the cells that they show: the rest of it counts for nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

from annotation.evidence_checks.cells import CellReading, placed
from annotation.evidence_checks.shipped import marks
from demo import evidence
from demo.pairs import rows
from relevance.cells import Verdict
from relevance.evidence import build_grid
from relevance.evidence_gate import CheckedCell, CheckedPair, told_by
from relevance.facts import ItemFacts, PairFacts, Sku
from relevance.lexicon import Lexicon

SAID = marks(evidence.read())
ROWS = {(row["query"], row["item_id"]): row for row in rows()}
NUMBERS = {query: number for number, query in enumerate(sorted({query for query, _item in SAID}))}


def facts(row: dict[str, Any]) -> ItemFacts:
    skus = tuple(Sku(one["sku"], one["name"], tuple(one["attributes"].items())) for one in row["skus"])
    told = {name: row[name] for name in ("title", "category", "description", "shop")}
    return ItemFacts(row["item_id"], cpv=tuple(row["attributes"].items()), skus=skus, **told)


@cache
def lexicon() -> Lexicon:
    return Lexicon.shipped().learn([facts(row) for row in ROWS.values()])


def shown(query: str, item: str) -> list[CellReading]:
    row = ROWS[query, item]
    grid = build_grid(PairFacts(query, facts(row), row["locale"]), lexicon())
    return [cell.reading for cell in placed(grid) if cell.reading.speaks]


def test_enough_of_the_demos_grids_were_read_cell_by_cell() -> None:
    """Who changes what cells say reads those that are new, as listed here, and adds them to demo/evidence.json."""
    checked, unread = [], []
    for (query, item), said in SAID.items():
        cells = shown(query, item)
        unread += [(query, item, *cell) for cell in cells if cell not in said]
        if all(cell in said for cell in cells):
            told = [CheckedCell(NUMBERS[query], Verdict(one.verdict), said[one] == "wrong") for one in cells]
            checked.append(CheckedPair(NUMBERS[query], tuple(told)))
    assert told_by(checked).enough, "\n".join(map(str, unread))
