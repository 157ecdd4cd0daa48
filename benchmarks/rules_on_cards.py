"""Whether the rules on a card are those that decide: a sheet of real pairs for two readers, and what their marks come to.

    python benchmarks/rules_on_cards.py draw --data DIR [--seed 8] [--cards 60] > SHEET
    python benchmarks/rules_on_cards.py score SHEET MARKS MARKS

DIR holds a folder with a `pairs.jsonl.gz` for each of SETS, which give an equal part of the cards, at most two of a query.
The lexicon is the shipped one with what each set's catalogue names. A line of the sheet is a card: the query, what the item
says, and every rule that is shown with its statement and its reason; the label is left out, and so is what the grid found.

A line of MARKS is what one reader says of a card: {"card": 1, "deciding": ["R-080"], "absurd": ["R-053"]}. `deciding` are
the rules of the whole pack, shown or not, of which any one would settle the card, and none where none does; `absurd` are
shown rules that have nothing to do with the card. Where readers differ it counts against us: a deciding rule is there only
where one is shown for every reader who names some, and one reader is enough for an absurd one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.distilled import RULES, read
from relevance.evidence import build_grid
from relevance.facts import PairFacts
from relevance.lexicon import Lexicon
from relevance.resampling import Figure, Floats, figures, numbered, ratio
from relevance.routing import ON_A_CARD, routed_rules

SETS = ("chorus_electronics", "esci")
OF_A_QUERY = 2


def drawn(pairs: Sequence[PairFacts], cards: int, chance: random.Random) -> list[PairFacts]:
    """At most two of a query, in the order in which they were drawn."""
    order = list(pairs)
    chance.shuffle(order)
    taken: list[PairFacts] = []
    of_query = Counter[str]()
    for pair in order:
        if of_query[pair.query] < OF_A_QUERY and len(taken) < cards:
            of_query[pair.query] += 1
            taken.append(pair)
    return taken


def cards(folder: Path, number: int, seed: int) -> Iterator[dict[str, Any]]:
    chance, card = random.Random(seed), 0
    for name in SETS:
        pairs = read(folder, name).pairs
        lexicon = Lexicon.shipped().learn({pair.item.external_id: pair.item for pair in pairs}.values())
        for pair in drawn(pairs, number // len(SETS), chance):
            card += 1
            shown = routed_rules(pair, build_grid(pair, lexicon), RULES, ON_A_CARD)
            yield {
                "card": card,
                "set": name,
                "query": pair.query,
                "title": pair.item.title,
                "category": pair.item.category,
                "attributes": dict(pair.item.cpv),
                "description": pair.item.description[:300],
                "rules": [
                    {"code": spec.code, "statement": spec.statement["en"], "reason": reason.in_words["en"]}
                    for spec, reason in shown
                ],
            }


def scored(sheet: Sequence[dict[str, Any]], readers: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Both shares with intervals that resample by query; `deciding` over the cards on which a reader says that one does."""
    marks = [{row["card"]: row for row in reader} for reader in readers]
    query_of = numbered(card["query"] for card in sheet)
    decided, present, absurd, ones = (np.zeros(len(query_of)) for _ in range(4))
    for card in sheet:
        said = [reader[card["card"]] for reader in marks]
        shown = {rule["code"] for rule in card["rules"]}
        named = [set(one["deciding"]) for one in said if one["deciding"]]
        at = query_of[card["query"]]
        ones[at] += 1
        decided[at] += bool(named)
        present[at] += bool(named) and all(one & shown for one in named)
        absurd[at] += any(one["absurd"] for one in said)

    def shares(weights: Floats) -> Floats:
        parts = (ratio(weights @ present, weights @ decided), ratio(weights @ absurd, weights @ ones))
        return np.stack(parts, axis=1)

    there, wrong = figures(shares, len(query_of), [int(decided.sum()), int(ones.sum())])
    return {"deciding": _told(there), "absurd": _told(wrong), "rules": sum(len(card["rules"]) for card in sheet)}


def _told(figure: Figure) -> object:
    return figure.to_json()


def _lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    activities = parser.add_subparsers(dest="activity", required=True)
    draw = activities.add_parser("draw")
    draw.add_argument("--data", type=Path, required=True)
    draw.add_argument("--seed", type=int, default=8)
    draw.add_argument("--cards", type=int, default=60)
    score = activities.add_parser("score")
    score.add_argument("sheet")
    score.add_argument("marks", nargs=2)
    given = parser.parse_args()
    if given.activity == "draw":
        for card in cards(given.data, given.cards, given.seed):
            sys.stdout.write(json.dumps(card, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(json.dumps(scored(_lines(given.sheet), [_lines(path) for path in given.marks])) + "\n")


if __name__ == "__main__":
    main()
