"""The words that were read off a snapshot's pictures so far: '' where nobody has read them, or nothing on them counts.

A snapshot never changes; what was read since its pictures came is found beside it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from catalogue.pictures import printed_words
from catalogue.pictures.printed_words import PrintedLine
from database.statements import array_of, rows, statement

_WORDS = statement(__file__, "snapshot_words")


class PrintedWords(NamedTuple):
    """`readers`: by whom, with their versions."""

    text: str
    readers: tuple[str, ...]


NOBODY = PrintedWords("", ())


def of_snapshots(snapshot_ids: Collection[int]) -> Mapping[int, PrintedWords]:
    """In one statement, whatever their number; without those that have none."""
    if not snapshot_ids:
        return {}
    lines: defaultdict[int, list[tuple[PrintedLine, ...]]] = defaultdict(list)
    readers: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for snapshot, reader, told in rows(_WORDS, snapshots=array_of(sorted(snapshot_ids))):
        lines[snapshot].append(printed_words.lines_from(json.loads(told) if isinstance(told, str) else told))
        readers[snapshot][reader] = None
    found = {snapshot: printed_words.words(read) for snapshot, read in lines.items()}
    return {snapshot: PrintedWords(text, tuple(readers[snapshot])) for snapshot, text in found.items() if text}
