"""One JSON document, walked through piece by piece: values at a wanted place are cut out whole, all else is passed over.

What is cut out is not read here, so that a fault within harms nothing behind it. No more than one value is held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalogue.importing.reading.rows import FileRefused
from catalogue.importing.shapes.shape import Element, Path
from relevance.sanitising import storable

EACH = "*"
DEEPEST = 100
_BOM = b"\xef\xbb\xbf"
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_PLAIN = re.compile(rb'[^\s,:{}\[\]"]+')
_WHITE = re.compile(rb"\s*+")
_SIGN = re.compile(rb'["{}\[\]]')


def elements(pieces: Iterator[bytes], wanted: Sequence[Path], most: int) -> Iterator[Element]:
    """The values whose way through the document ends in one of the wanted; `*` is an element of a list or a name.

    Raises FileRefused where the document is none, is cut off, or a value has more than `most` bytes.
    """
    return _Walk(pieces, wanted, most).elements()


def ways(head: bytes) -> set[Path]:
    """The ways to all values in the beginning of a document; none where it begins as no document does."""
    walk = _Walk(iter([head]), (), len(head) + 1)
    try:
        for _element in walk.elements():
            pass
    except FileRefused:
        pass
    return walk.seen


@dataclass
class _Container:
    """An object or list that is open: the name or number of the value that is read in it."""

    listed: bool
    name: str = ""
    number: int = 0
    named: bool = False  # the name of the next value is read

    @property
    def step(self) -> str:
        return EACH if self.listed else self.name

    def ended(self) -> None:
        self.number += 1
        self.named = False


class _Walk:
    def __init__(self, pieces: Iterator[bytes], wanted: Sequence[Path], most: int) -> None:
        self._pieces, self._wanted, self._most = pieces, wanted, most
        self._held, self._at, self._begun = bytearray(), 0, False
        self._open: list[_Container] = []
        self.seen: set[Path] = set()

    def elements(self) -> Iterator[Element]:
        while (sign := self._sign()) is not None:
            within = self._open[-1] if self._open else None
            if sign in b",":
                self._at += 1
            elif sign in b"]}":
                self._close(within, listed=sign == b"]")
            elif within is not None and not within.listed and not within.named:
                self._name(within)
            elif (path := self._path()) and self._is_wanted(path):
                place, name = self._place(), self._open[-1].name
                yield Element(place, name, self._whole(sign))
                self._ended()
            elif sign in b"{[":
                self._enter(listed=sign == b"[")
            else:
                self._text() if sign == b'"' else self._plain()
                self._ended()
        if self._open:
            raise FileRefused(_("The JSON document is cut off."))

    def _path(self) -> Path:
        path = tuple(container.step for container in self._open)
        if not self._wanted:
            self.seen.add(path)
        return path

    def _is_wanted(self, path: Path) -> bool:
        return any(ends_in(path, way) for way in self._wanted)

    def _place(self) -> str:
        """The way as people write it, elements counted from 1."""
        steps = (f"[{one.number + 1}]" if one.listed else f".{one.name}" for one in self._open)
        return "".join(steps).removeprefix(".")[:200]

    def _enter(self, *, listed: bool) -> None:
        if len(self._open) >= DEEPEST:
            raise FileRefused(_("The JSON document is nested too deeply."))
        self._at += 1
        self._open.append(_Container(listed))

    def _close(self, within: _Container | None, *, listed: bool) -> None:
        if within is None or within.listed != listed:
            raise self._no_json()
        self._at += 1
        self._open.pop()
        self._ended()

    def _ended(self) -> None:
        if self._open:
            self._open[-1].ended()

    def _name(self, within: _Container) -> None:
        text = self._text()
        if self._sign() != b":":
            raise self._no_json()
        self._at += 1
        within.name, within.named = _read(text), True

    def _sign(self) -> bytes | None:
        """The next byte that is not white, or nothing at the end."""
        while True:
            white = _WHITE.match(self._held, self._at)
            self._at = white.end() if white else self._at
            if self._at < len(self._held):
                return bytes(self._held[self._at : self._at + 1])
            if not self._more():
                return None

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        del self._held[: self._at]
        self._at = 0
        self._held += piece if self._begun else piece.removeprefix(_BOM)
        self._begun = True
        if len(self._held) > self._most + (1 << 16):
            raise FileRefused(_("A value of the file is too long, or a quote in it is not closed."))
        return bool(piece)

    def _text(self) -> bytes:
        while not (found := _TEXT.match(self._held, self._at)):
            if self._held[self._at : self._at + 1] != b'"':
                raise self._no_json()
            if not self._more():
                raise FileRefused(_("The JSON document is cut off."))
        self._at = found.end()
        return found.group()

    def _plain(self) -> bytes:
        while not (found := _PLAIN.match(self._held, self._at)) or found.end() == len(self._held):
            if not found and self._at < len(self._held):
                raise self._no_json()
            if not self._more():
                break
        if not found:
            raise self._no_json()
        self._at = found.end()
        return found.group()

    def _whole(self, sign: bytes) -> bytes:
        """The bytes of a value to its end; texts within are passed over."""
        if sign not in b"{[":
            return self._text() if sign == b'"' else self._plain()
        depth, ahead = 0, 0  # ahead: from the beginning of the value, as what is held moves
        while True:
            found = _SIGN.search(self._held, self._at + ahead)
            if found is None:
                ahead = len(self._held) - self._at
            elif found.group() == b'"':
                text = _TEXT.match(self._held, found.start())
                ahead = (text.end() if text else found.start()) - self._at
                found = found if text else None
            else:
                ahead = found.end() - self._at
                depth += 1 if found.group() in b"{[" else -1
                if not depth:
                    break
            if found is None and not self._more():
                raise FileRefused(_("The JSON document is cut off."))
        self._at += ahead
        return bytes(self._held[self._at - ahead : self._at])

    def _no_json(self) -> FileRefused:
        said = bytes(self._held[self._at : self._at + 40]).decode("utf-8", "replace")
        return FileRefused(_("Not JSON from here on: %(said)s") % {"said": storable(said)})


def _read(text: bytes) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text.decode("utf-8", "replace")


def ends_in(path: Path, way: Path) -> bool:
    """Whether a way through a document ends in another; a `*` there is also any name."""
    if len(path) < len(way):
        return False
    return all(asked in (EACH, step) for step, asked in zip(path[-len(way) :], way, strict=True))
