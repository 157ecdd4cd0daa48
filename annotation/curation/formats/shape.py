"""What a kind of export says of itself, and what it is given to write its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django_stubs_ext import StrOrPromise

from annotation.curation.pair_records import PairRecord
from annotation.curation.sealing import SealedFile
from relevance.labels import Scale
from relevance.splits import Splits

LONGEST_CODE = 8  # of the column Export.kind

Written = tuple[list[SealedFile], dict[str, Any]]


class ToWrite(NamedTuple):
    """`records` in the order of their pairs, once, by numbers of this export alone (`numbering`); files are made in `scratch`."""

    records: Iterator[PairRecord]
    scratch: Path
    splits: Splits
    scale: Scale


def _none(_counts: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    return ()


@dataclass(frozen=True)
class ExportFormat:
    """`purpose`: in a few words, for programs and commands. `trains`: it holds no pair of a test query. `gold_only`: none
    without gold; else those that people judged, too. `with_judgments`: its records tell what people and foreign models said;
    else the model's chain. `write`: returns its files, sealed, and counts for the manifest. `figures`: of
    these counts those that its page shows, in words.
    """

    code: str
    name: StrOrPromise
    purpose: str
    trains: bool
    gold_only: bool
    with_judgments: bool
    write: Callable[[ToWrite], Written]
    figures: Callable[[Mapping[str, Any]], Sequence[tuple[str, int]]] = _none

    def __post_init__(self) -> None:
        if len(self.code) > LONGEST_CODE:
            raise ValueError(f"the code {self.code!r} has more than {LONGEST_CODE} letters")
