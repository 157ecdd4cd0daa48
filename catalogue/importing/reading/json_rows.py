"""Rows of JSON: a line each, or the objects of one list, which are cut apart before any is read.

Knows no file. What is no object is a `Broken` row; of a list the bytes of one object are all that is ever held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
from django.utils.translation import gettext as _

from catalogue.importing.reading.encodings import odd_bytes, why_odd
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.read_as import UNSAID, ReadAs
from catalogue.importing.reading.rows import Broken, FileRefused, Row, digest, shown
from catalogue.importing.reasons import because
from relevance.sanitising import storable

_NUL_ESCAPED = b"\\u0000"
_BOM = b"\xef\xbb\xbf"
_WHITE = b" \t\r\n"
_SIGN = re.compile(rb'["{}]')
_WITHIN_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


def value(said: bytes) -> Any | Broken:
    """What a piece of JSON says, whatever it is."""
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError as error:
        values = _lenient(said)
        return (
            Broken(0, because("Not JSON: %(why)s") % {"why": str(error)[:200]}, shown(said), digest(said))
            if values is None
            else values
        )


def row(number: int, line: bytes, reading: ReadAs = UNSAID) -> Row | Broken:
    replaced = 0
    try:
        values = orjson.loads(line)
        storable = _NUL_ESCAPED not in line  # and no lone surrogate: orjson reads none
    except orjson.JSONDecodeError as error:
        replaced = odd_bytes(line)
        if replaced and not reading.replace:
            return Broken(number, why_odd(line, reading), shown(line), digest(line))
        values, storable = _lenient(line), False
        if values is None:
            return Broken(number, because("Not JSON: %(why)s") % {"why": str(error)[:200]}, shown(line), digest(line))
    if not isinstance(values, dict):
        return Broken(number, because("Not a JSON object."), shown(line), digest(line))
    if twice := _named_twice(line, values):
        reason = because("The field %(name)s stands there twice.") % {"name": twice[:60]}
        return Broken(number, reason, shown(line), digest(line))
    if len(values) > UPLOAD.columns:
        reason = because("The row has more than %(most)s fields.")
        return Broken(number, reason % {"most": UPLOAD.columns}, shown(line), digest(line))
    return Row(number, values, len(line), digest(line), storable, replaced)


def _names_in(value: Any) -> int:
    """How many names its objects have, those within objects with them."""
    if isinstance(value, dict):
        return len(value) + sum(_names_in(one) for one in value.values() if isinstance(one, dict | list))
    return sum(_names_in(one) for one in value if isinstance(one, dict | list))


def _named_twice(line: bytes, values: dict[str, Any]) -> str:
    """The first name that one object has twice: of its values a reader of JSON gives the last, and the others are lost."""
    try:
        if line.count(b'":') + line.count(b'" :') == _names_in(values):
            return ""
    except RecursionError:  # for which the row is refused
        return ""
    found: list[str] = []

    def held(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            names = [name for name, _value in pairs]
            found.append(next(name for name in names if names.count(name) > 1))
        return values

    try:
        json.loads(line.decode("utf-8", "surrogateescape"), object_pairs_hook=held)
    except (ValueError, RecursionError):
        return ""
    return storable(found[0]) if found else ""


def _lenient(line: bytes) -> object | None:
    """JSON with lone surrogates or broken UTF-8 in its strings: read, so that it can be sanitised and counted."""
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"), parse_constant=_constant)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def _constant(name: str) -> None:
    """NaN, as Python's own json writes it, is nothing."""
    if name != "NaN":
        raise ValueError(name)


def listed(pieces: Iterator[bytes], limits: Limits, reading: ReadAs = UNSAID) -> Iterator[Row | Broken]:
    """The objects of a list, or one after the other without; raises FileRefused where these cannot be told apart."""
    for number, said in enumerate(_Objects(pieces, limits.line_bytes).cut(), 1):
        yield row(number, said, reading)


class _Objects:
    """Objects cut out of a list by their braces outside of texts."""

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces, self._most = pieces, most
        self._held = bytearray()  # from the object that is being read on
        self._at = self._depth = 0
        self._in_text = False
        self._between = b""  # objects, without white space
        self._listed: bool | None = None  # not known before the first

    def cut(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._held += piece if self._listed is not None or self._between else piece.removeprefix(_BOM)
            while self._step():
                if not self._depth and self._at:
                    yield bytes(self._held[: self._at])
                    self._forget()
            if len(self._held) > self._most:
                raise FileRefused(_("An object of the file is too long, or a quote in it is not closed."))
        if self._depth or self._between != (b"]" if self._listed else b"[]" if self._listed is None else b""):
            raise FileRefused(_("The JSON list is cut off."))

    def _forget(self) -> None:
        del self._held[: self._at]
        self._at = 0

    def _step(self) -> bool:
        """Go on to the next sign that matters; whether there was one."""
        if not self._depth:
            return self._opens()
        if self._in_text:
            within = _WITHIN_TEXT.match(self._held, self._at)
            assert within is not None, "which may be empty"
            self._at = within.end()
            self._in_text = self._held[self._at : self._at + 1] != b'"'
            self._at += not self._in_text
            return not self._in_text
        sign = _SIGN.search(self._held, self._at)
        self._at = sign.end() if sign else len(self._held)
        if sign:
            self._in_text = sign.group() == b'"'
            self._depth += (sign.group() == b"{") - (sign.group() == b"}")
        return sign is not None

    def _opens(self) -> bool:
        """Pass over what stands between objects, which must be what stands between objects of a list."""
        at = self._held.find(b"{")
        self._between += bytes(self._held if at < 0 else self._held[:at]).translate(None, _WHITE)
        self._at = len(self._held) if at < 0 else at
        self._forget()
        if len(self._between) > 2 or not self._expected(ended=at < 0):
            told = {"said": storable(self._between[:60].decode("utf-8", "replace"))}
            raise FileRefused(_("The file is a JSON list that holds something else than objects: %(said)s") % told)
        if at < 0:
            return False
        self._listed = self._between == b"[" if self._listed is None else self._listed
        self._between, self._depth, self._at = b"", 1, 1
        return True

    def _expected(self, *, ended: bool) -> bool:
        if self._listed is None:
            return self._between in ((b"", b"[", b"[]") if ended else (b"", b"["))
        if self._listed:
            return self._between in ((b"", b",", b"]") if ended else (b",",))
        return not self._between
