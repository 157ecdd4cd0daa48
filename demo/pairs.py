"""The demo's pairs: which items stand beside each query, and the rows in the product's own import form.

About a quarter of the pairs carry the true label as gold, some carry ratings of invented raters, most wait for people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from demo import drawing, wording
from demo.catalogue import KINDS, SHOPS, DemoItem, items
from demo.truth import Truth, truth
from demo.wishes import WISHES, Wish

SOURCE = "LORE Copilot demo"
LICENCE = "Apache-2.0"
MOST = {"L4": 2, "L3": 2, "L2": 2, "L1": 1}
FEWEST = 5
GOLD = 23  # of a hundred pairs beside the benchmark's
RATED = 24
COMPRESSION = 3  # of PNG: twice the speed for a tenth of the size


class Chosen(NamedTuple):
    """An item beside a query, and what is true of the two."""

    item: DemoItem
    truth: Truth


def _order(text: str) -> str:
    """A fixed shuffle."""
    return hashlib.sha256(text.encode()).hexdigest()


def _percent(text: str) -> int:
    return int(_order(text)[:8], 16) % 100


def chosen(wish: Wish) -> list[Chosen]:
    """Some items of each label, those in the query's language and those easily confused first."""
    known = [Chosen(item, truth(wish, item)) for item in items()]
    if wish.benchmark:
        known = [one for one in known if one.truth.sure]
    known.sort(key=lambda one: (_strangeness(wish, one), _order(wish.text + one.item.item_id)))
    answer: list[Chosen] = []
    for label, most in MOST.items():
        answer += _varied([one for one in known if one.truth.label == label])[:most]
    spare = [one for one in known if one not in answer]
    spare.sort(key=lambda one: one.truth.label == "L1")
    answer += spare[: max(0, FEWEST - len(answer))]
    return sorted(answer, key=lambda one: _order(one.item.item_id + wish.text))


def _varied(found: Sequence[Chosen]) -> list[Chosen]:
    """The first of each mismatch before the second of any."""
    seen = [sum(one.truth.mismatch == before.truth.mismatch for before in found[:n]) for n, one in enumerate(found)]
    return [one for _, one in sorted(zip(seen, found, strict=True), key=lambda pair: pair[0])]


def _strangeness(wish: Wish, one: Chosen) -> int:
    """How far an item is from being taken for the right one: in another language, unlike in more than one way."""
    shared = sum(one.item.facts.get(ask.name) == ask.value for ask in wish.asks)
    return 2 * (one.item.language != wish.language) + 2 * (not one.truth.sure) - min(shared, 2)


def rows() -> Iterator[dict[str, Any]]:
    """The pairs in the product's own import form."""
    for number, wish in enumerate(WISHES, 1):
        for item, true in chosen(wish):
            seed = f"{wish.text} {item.item_id}"
            gold = true.sure and (wish.benchmark or _percent(f"gold {seed}") < GOLD)
            rated = not wish.benchmark and _percent(f"rated {seed}") < RATED
            yield {
                "pair_id": f"demo-q{number:02}-{item.item_id}",
                "query": wish.text,
                "locale": wish.language,
                **item_fields(item),
                "label": true.label if gold else None,
                "mismatch": (true.mismatch or None) if gold else None,
                "label_scale": "lore-4",
                "ratings": ratings(true, seed) if rated else None,
                "benchmark": wish.benchmark,
                "source": SOURCE,
                "licence": LICENCE,
                "attribution": "",
            }


def item_fields(item: DemoItem) -> dict[str, Any]:
    kind = KINDS[item.kind]
    return {
        "item_id": item.item_id,
        "title": wording.title(item),
        "category": kind.category if item.language == "en" else kind.category_zh,
        "attributes": wording.attributes(item),
        "skus": wording.skus(item),
        "shop": SHOPS[item.facts["brand"]],
        "description": wording.description(item),
        "selling_points": wording.selling_points(item),
        "price": item.facts["price"],
        "images": item.images,
    }


_STEPS = {"L1": ("L1", "L2"), "L2": ("L1", "L3"), "L3": ("L2", "L4"), "L4": ("L3", "L3")}


def ratings(true: Truth, seed: str) -> list[dict[str, str]]:
    """Two or three of four raters. One may be a grade off: seldom where the case is plain, often where it is not."""
    start = _percent(f"who {seed}")
    raters = [f"r{(start + n) % 4 + 1}" for n in range(3 if start % 3 else 2)]
    slips = _percent(f"slip {seed}") < (18 if true.sure else 60)
    slip = _STEPS[true.label][start % 2]
    return [
        {"rater": rater, "label": slip if slips and n == len(raters) - 1 else true.label}
        for n, rater in enumerate(raters)
    ]


def image_names() -> list[str]:
    """The pictures of the items that stand beside a query."""
    return [name for item in shown() for name in item.images]


def shown() -> Sequence[DemoItem]:
    beside = {one.item.item_id for wish in WISHES for one in chosen(wish)}
    return [item for item in items() if item.item_id in beside]


def write(folder: Path) -> None:
    """pairs.jsonl and images/*.png into a folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for item in shown():
        for view, name in enumerate(item.images):
            drawing.draw(item, view).save(folder / "images" / name, compress_level=COMPRESSION)
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for row in rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
