"""How large a drill is: quick in the test suite, full under `make drills` (LORE_SIZE=full)."""

from __future__ import annotations

import os

FULL = os.environ.get("LORE_SIZE") == "full"


def size(*, full: int, quick: int) -> int:
    return full if FULL else quick
