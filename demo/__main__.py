"""`python -m demo FOLDER` writes the demo's pairs and pictures into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from demo.pairs import write

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m demo FOLDER")
    write(Path(sys.argv[1]))
