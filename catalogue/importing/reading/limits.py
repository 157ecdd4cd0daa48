"""How much a file may hold. Known to whoever reads one and to the child that reads Parquet; knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass

WRITTEN = "data:;base64,"  # before the bytes of a picture, where a row holds them
OMITTED = "data:;omitted"  # in place of a picture that is larger than a row may be
FRAME_BYTES = 1 << 20  # of lines that the child of Parquet says at once, and one more


@dataclass(frozen=True)
class Limits:
    """Running caps. The defaults are for uploads; whoever may run a command on the host may fill its disk anyway."""

    expanded_bytes: int = 2 << 30
    ratio: int = 100
    rows: int = 5_000_000
    columns: int = 1000
    line_bytes: int = 4 << 20
    held_bytes: int = 64 << 20  # of text, unfolded, that a look holds to its encoding; an import goes through all of it


UPLOAD = Limits()
COMMAND = Limits(expanded_bytes=1 << 40, ratio=1100, rows=1_000_000_000, held_bytes=1 << 40)
