"""The demo's pairs in the product's own import form, from what is shipped beside this file.

`items.json` holds the invented items, `images/` their drawn pictures, `pairs.json` which items stand beside each query: a
quarter with the true label as gold, some with the ratings of invented raters, most waiting for people.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SOURCE = "LORE Copilot demo"
LICENCE = "Apache-2.0"


def rows() -> Iterator[dict[str, Any]]:
    items = _read("items.json")
    for number, asked in _read("pairs.json").items():
        for pair in asked["pairs"]:
            ratings = [{"rater": rater, "label": label} for rater, label in pair.get("ratings", {}).items()]
            yield {
                "pair_id": f"demo-{number}-{pair['item']}",
                "query": asked["query"],
                "locale": asked["locale"],
                "item_id": pair["item"],
                **items[pair["item"]],
                "label": pair.get("label"),
                "mismatch": pair.get("mismatch"),
                "label_scale": "lore-4",
                "ratings": ratings or None,
                "benchmark": asked["benchmark"],
                "source": SOURCE,
                "licence": LICENCE,
                "attribution": "",
            }


def write(folder: Path) -> None:
    """pairs.jsonl and images/ into a folder, as `import_pairs` reads them."""
    shutil.copytree(FOLDER / "images", folder / "images", dirs_exist_ok=True)
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for row in rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return content
