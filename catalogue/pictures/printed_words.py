"""What a reader found on a picture, and which of it counts: lines with confidence and place in, words for the evidence out.

A photo from a shop shows the neighbours on the shelf too. A line counts where it is sure, large enough and near the middle;
a picture whose product stands elsewhere says less, and never what stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from relevance.sanitising import storable

MOST_LINES = 200  # of one picture
LONGEST_LINE = 200
MOST_CHARACTERS = 600  # of the words of an item
SURE = 0.9
TALL = 0.035  # of the picture's shorter side
ACROSS, DOWN = (0.2, 0.8), (0.15, 0.9)  # where the middle of a line may stand
LETTERS = 2


class PrintedLine(NamedTuple):
    """A line as it was read: how sure the reader is, the corners of its box and the height of its letters, as shares of the
    picture."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float
    height: float

    @property
    def counts(self) -> bool:
        across, down = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        inside = ACROSS[0] <= across <= ACROSS[1] and DOWN[0] <= down <= DOWN[1]
        return self.confidence >= SURE and self.height >= TALL and inside and _words(self.text)


class ReadPicture(NamedTuple):
    """`language`: where the reader tells one, else ''."""

    lines: tuple[PrintedLine, ...]
    language: str = ""


class PictureReader(Protocol):
    """Reads pictures one after the other until it is closed."""

    name: str  # with its version: what it has read is kept under it

    def read(self, picture: bytes) -> ReadPicture:
        """Of a picture as we keep it; raises NotRead."""

    def close(self) -> None: ...


class NotRead(Exception):
    """The reader gave this picture up; the code is in reading_words.WHY."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _words(text: str) -> bool:
    """A line of mere figures is a price on the shelf or a date; a single sign is a shape that looks like one."""
    return sum(sign.isalpha() for sign in text) >= LETTERS


def lines_from(told: object) -> tuple[PrintedLine, ...]:
    """What a reader says is foreign: lines of other forms, and what is too much, are left out."""
    found = map(_line, told[:MOST_LINES] if isinstance(told, list) else ())
    return tuple(line for line in found if line is not None and line.text)


def _line(told: object) -> PrintedLine | None:
    match told:
        case [str(text), *numbers] if len(numbers) == 6:
            shares = [min(1.0, max(0.0, round(one, 4))) for one in numbers if isinstance(one, float | int)]
            if len(shares) < 6:
                return None
            return PrintedLine(" ".join(storable(text).split())[:LONGEST_LINE], *shares)
    return None


def to_json(lines: Iterable[PrintedLine]) -> list[Any]:
    return [list(line) for line in lines]


def words(pictures: Iterable[Sequence[PrintedLine]]) -> str:
    """The lines that count, each once, picture after picture and as they stand there; of too many the largest."""
    seen: dict[str, PrintedLine] = {}
    for lines in pictures:
        for line in sorted((one for one in lines if one.counts), key=lambda one: (one.top, one.left)):
            seen.setdefault(line.text, line)
    kept, left = set(), MOST_CHARACTERS
    for text in sorted(seen, key=lambda text: -seen[text].height):
        if len(text) < left:
            kept.add(text)
            left -= len(text) + 1
    return "\n".join(text for text in seen if text in kept)
