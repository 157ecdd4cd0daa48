"""What was found when the cells of the demo's evidence grids were read, one by one: right, wrong, or missing.

A cell counts as wrong where its verdict does not follow from what the item says, or where it quotes something that does not
speak of the wish; near is right for a quantity within the tolerance and for a wider kind of thing, wrong for another kind,
material or pattern. A grid that says something else by now has to be read again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("evidence.json")
SEED, PAIRS = 1, 200  # the draw that the marks are of
BY = "who made the demo"


def read() -> list[dict[str, Any]]:
    """Query and item of each pair, and its cells: wish, dimension, source, verdict, literal, and `right`, `wrong` or `missing`."""
    told: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return told
