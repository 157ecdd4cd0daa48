"""A cell of the evidence grid: what one source of an item says to one wish, with the words that decided and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    MATCH = "match"
    NEAR = "near"
    CONFLICT = "conflict"
    SILENT = "silent"


class Source(StrEnum):
    TITLE = "title"
    CPV = "cpv"
    SKU = "sku"
    CAPTION = "caption"


@dataclass(frozen=True)
class Cell:
    source: Source
    verdict: Verdict
    literal: str = ""
    where: str = ""
