"""Text in other encodings than UTF-8, made UTF-8 on its way to the readers, which know no other; and text held to UTF-8.

A byte that cannot be read becomes a byte that UTF-8 does not have: whoever reads that line finds it there. Knows no gzip
and no format.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing.reading.encoding_guess import guess, looks_like_utf16, names_of
from catalogue.importing.reading.read_as import EncodingUnclear, Guess, ReadAs
from catalogue.importing.reading.rows import FileRefused
from catalogue.importing.reasons import because
from relevance.sanitising import storable

PIECE = 1 << 18
HEAD_BYTES = 1 << 16  # that a guess is made from, and as many again from the first odd byte on
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # in this order: the mark of UTF-32 begins with that of UTF-16
_ODD = re.compile("[\udc80-\udcff]")
_BETWEEN_LETTERS = re.compile(rb"[\0-/]")
_BYTES_ARE_WIDE = ("utf-16", "utf-32")


def _put_a_mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start]
    return chr(0xDC00 + byte) if byte >= 0x80 else "\udcff", error.end


codecs.register_error("catalogue.mark", _put_a_mark)


class MadeUtf8(io.RawIOBase):
    """The bytes of a stream in UTF-8."""

    def __init__(self, stream: io.BufferedReader[Any], encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("catalogue.mark")
        self._made = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._made and not self._ended:
            piece = self._stream.read(PIECE)
            self._ended = not piece
            self._made = memoryview(self._decoder.decode(piece, self._ended).encode("utf-8", "surrogateescape"))
        size = min(len(buffer), len(self._made))
        buffer[:size] = self._made[:size]
        self._made = self._made[size:]
        return size


def to_read_by(head: bytes, said: str) -> str:
    """The codec for a file which begins so and of which somebody said an encoding; empty where nobody and nothing says
    one. Raises FileRefused for a name that is none. A mark at the beginning goes before what was said."""
    for mark, codec in _MARKS.items():
        if head.startswith(mark):
            return codec
    if not said:
        return ""
    known = names_of(said)
    if known is None:
        raise FileRefused(_("Texts are not read in the encoding %(name)s.") % {"name": storable(said[:40])})
    return known.codec


def name_of(encoding: str) -> str:
    """For people; of what was not named, which is read as UTF-8, as well."""
    names = names_of(encoding or "utf-8")
    return names.name if names else encoding


def odd_bytes(said: bytes) -> int:
    """How many bytes of a line cannot be read."""
    return len(_ODD.findall(said.decode("utf-8", "surrogateescape")))


def why_odd(said: bytes, reading: ReadAs) -> str:
    """Of a row that holds such a byte."""
    found = _ODD.search(said.decode("utf-8", "surrogateescape"))
    name = name_of(reading.encoding)
    if found is None or name.lower().startswith(_BYTES_ARE_WIDE):
        return because("Bytes that are no %(encoding)s.") % {"encoding": name}
    return because("A byte that is no %(encoding)s: %(byte)s.") % {"encoding": name, "byte": _hex(found.group())}


def refuse_utf16(head: bytes) -> None:
    """Raises EncodingUnclear where a beginning with NUL in it is text in UTF-16 that has no mark."""
    guesses = looks_like_utf16(head)
    if guesses:
        raise EncodingUnclear(_not_utf8(guesses), guesses)


def hold(pieces: Iterable[bytes], reading: ReadAs) -> None:
    """Raises EncodingUnclear for the first byte that is no text in the file's encoding. A letter that is cut off at the
    end of the file is left to its row. `pieces` are longer than HEAD_BYTES, but for the last."""
    strict = codecs.getincrementaldecoder("utf-8")()
    head, lines = b"", 1
    for piece in pieces:
        head = head or piece[:HEAD_BYTES]
        try:
            strict.decode(piece)
        except UnicodeDecodeError as error:
            line = lines + error.object[: error.start].count(b"\n")
            _judge(_sample(head, error), error.object[error.start], line, reading)
            return
        lines += piece.count(b"\n")


def _sample(head: bytes, error: UnicodeDecodeError) -> bytes:
    """The beginning of the file and what follows the first odd byte, from the word on in which it stands."""
    if error.object.startswith(head) and error.start < len(head):
        return _whole(head)
    before = [found.end() for found in _BETWEEN_LETTERS.finditer(error.object[: error.start])]
    return _whole(head) + b"\n" + _whole(error.object[before[-1] if before else 0 :][:HEAD_BYTES])


def _whole(piece: bytes) -> bytes:
    """Without a letter that is cut off at its end. Signs below `0` are within no letter in any encoding that is guessed."""
    ends = [found.end() for found in _BETWEEN_LETTERS.finditer(piece)]
    return piece[: ends[-1]] if ends and len(piece) == HEAD_BYTES else piece


def _judge(sample: bytes, byte: int, line: int, reading: ReadAs) -> None:
    """Whether it is UTF-8 that was damaged, in which bytes may be replaced on request, or another encoding."""
    if reading.encoding or _mostly_utf8(sample):
        if not reading.replace:
            raise EncodingUnclear(_damaged(byte, line, reading.encoding))
        return
    guesses = guess(sample)
    raise EncodingUnclear(_not_utf8(guesses) if guesses else _unknown(byte, line), guesses)


def _mostly_utf8(sample: bytes) -> bool:
    """Letters of two bytes and more that are well made come by chance in other encodings, but are the fewer then."""
    text = sample.decode("utf-8", "surrogateescape")
    odd = len(_ODD.findall(text))
    return sum(not sign.isascii() for sign in text) - odd > 2 * odd


def _damaged(byte: int, line: int, encoding: str) -> str:
    told = {"line": line, "encoding": name_of(encoding), "byte": f"0x{byte:02X}"}
    if encoding.startswith(_BYTES_ARE_WIDE):
        return _("Line %(line)s of the file has bytes that are no %(encoding)s.") % told
    return _("Line %(line)s of the file has a byte that is no %(encoding)s: %(byte)s.") % told


def _unknown(byte: int, line: int) -> str:
    reason = _("The file is not UTF-8, and its encoding cannot be told. Line %(line)s has the byte %(byte)s.")
    return reason % {"line": line, "byte": f"0x{byte:02X}"}


def _not_utf8(guesses: Iterable[Guess]) -> str:
    told = [f"{one.name}: {' … '.join(one.lines)[:120]}" for one in guesses]
    if len(told) == 1:
        return _("This is not UTF-8. It looks like %(guess)s …") % {"guess": told[0]}
    return _("This is not UTF-8. It may be one of these. %(guesses)s …") % {"guesses": " … ".join(told)}


def _hex(mark: str) -> str:
    return f"0x{ord(mark) - 0xDC00:02X}"
