"""Which encoding a text that is not UTF-8 may be in: a guess, for somebody who sees it read so and decides.

charset-normalizer says how orderly a text reads; for Chinese, Japanese and Korean its order of signs is asked as well:
in each of these encodings the signs of daily use stand first. What reads about equally well is told together.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from charset_normalizer import from_bytes
from charset_normalizer.models import CharsetMatch

from catalogue.importing.reading.read_as import Guess
from relevance.sanitising import storable

LINES = 3  # shown of each guess
LINE = 200  # signs of one
CLOSE = 0.1  # two that differ by less are told both
MOST = 3
_CONTROLS = re.compile(rb"[\0-\x08\x0b\x0e-\x1f\x7f]")  # which texts hold by mistake alone
_COHERENT, _RARE, _EUROPEAN, _MAC = 0.2, 0.5, 0.1, 0.15


class Encoding(NamedTuple):
    """`codec`: as Python knows it. `name`: as people do. `listed`: offered in a list of what is common."""

    codec: str
    name: str
    listed: bool = True


ENCODINGS = {
    one.codec: one
    for one in [
        Encoding("utf-8", "UTF-8"),
        Encoding("gb18030", "GB18030"),
        Encoding("gbk", "GBK", listed=False),
        Encoding("gb2312", "GB2312", listed=False),
        Encoding("big5", "Big5"),
        Encoding("cp950", "Big5 (Windows, CP950)"),
        Encoding("big5hkscs", "Big5 (Hong Kong)"),
        Encoding("cp932", "Shift-JIS (Windows, CP932)"),
        Encoding("shift_jis", "Shift-JIS"),
        Encoding("euc_jp", "EUC-JP"),
        Encoding("cp949", "CP949"),
        Encoding("euc_kr", "EUC-KR", listed=False),
        Encoding("cp1252", "CP1252 (Windows, Western Europe)"),
        Encoding("iso8859-1", "Latin-1"),
        Encoding("iso8859-15", "Latin-9"),
        Encoding("mac-roman", "Mac Roman"),
        Encoding("cp1250", "CP1250 (Windows, Central Europe)"),
        Encoding("cp1251", "CP1251 (Windows, Cyrillic)"),
        Encoding("utf-16", "UTF-16", listed=False),
        Encoding("utf-16-le", "UTF-16 LE"),
        Encoding("utf-16-be", "UTF-16 BE"),
        Encoding("utf-32", "UTF-32", listed=False),
        *(Encoding(f"cp{page}", f"CP{page}", listed=False) for page in (437, 850, 852, 855, 858, 866, 874, 1253, 1254)),
        *(Encoding(f"cp{page}", f"CP{page}", listed=False) for page in (1255, 1256, 1257, 1258)),
        *(Encoding(f"iso8859-{part}", f"ISO 8859-{part}", listed=False) for part in (2, 3, 4, 5, 6, 7, 8, 9, 10)),
        *(Encoding(f"iso8859-{part}", f"ISO 8859-{part}", listed=False) for part in (11, 13, 14, 16)),
        Encoding("koi8-r", "KOI8-R", listed=False),
        Encoding("koi8-u", "KOI8-U", listed=False),
    ]
}
_GUESSED = ("gb18030", "big5", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252", "mac_roman")


def names_of(encoding: str) -> Encoding | None:
    """Of a name as anybody may spell it; None where texts are not read in it."""
    try:
        codec = codecs.lookup(encoding.strip()).name
    except (LookupError, ValueError):
        return None
    return ENCODINGS.get(codec) or ENCODINGS.get("utf-8" if codec == "utf-8-sig" else "")


def guess(sample: bytes) -> tuple[Guess, ...]:
    """The likeliest first; none where nothing reads like a text."""
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    if not lines or len(_CONTROLS.findall(sample)) * 200 > len(sample):
        return ()
    found = _read(lines, _GUESSED) or [
        match for codec in _GUESSED for match in _read(_readable(lines, codec), (codec,))
    ]
    ranked = sorted((_oddness(match), number, match) for number, match in enumerate(found))
    told: dict[str, Guess] = {}
    for oddness, _number, match in ranked[:MOST]:
        if oddness <= ranked[0][0] + CLOSE:
            told.setdefault(str(match), _told(match.encoding, str(match)))
    return tuple(told.values())


def _read(lines: Sequence[bytes], codecs_: Sequence[str]) -> list[CharsetMatch]:
    if not lines:
        return []
    found = from_bytes(b"\n".join(lines), cp_isolation=list(codecs_), enable_fallback=False)
    return [match for match in found if match.encoding in _GUESSED and _is_text(str(match))]


def _readable(lines: Sequence[bytes], codec: str) -> list[bytes]:
    """Of a text in which some lines are damaged, the others."""
    good = [line for line in lines if _decodes(line, codec)]
    return good if len(good) * 10 >= len(lines) * 9 else []


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def looks_like_utf16(head: bytes) -> tuple[Guess, ...]:
    """Of a beginning that holds NUL. Its signs between cells and lines are those of one order of bytes alone."""
    read = [(_signs(text), codec, text) for codec in ("utf-16-le", "utf-16-be") if (text := _read_as(head, codec))]
    signs, codec, text = max(read, default=(0, "", ""))
    return (_told(codec, text),) if signs * 25 > len(text) else ()


def _told(codec: str, text: str) -> Guess:
    known = names_of(codec)
    assert known is not None, "it is guessed among those that are known"
    lines = (line.strip() for line in text.splitlines())
    return Guess(known.codec, known.name, tuple([storable(line[:LINE]) for line in lines if line][:LINES]))


def _oddness(match: CharsetMatch) -> float:
    """The more, the less does it read like a text."""
    usual = _USUAL.get(match.encoding)
    rare = _RARE * (1 - _share(str(match), match.encoding, usual)) if usual else _EUROPEAN
    return match.chaos - _COHERENT * match.coherence + (_MAC if match.encoding == "mac_roman" else rare)


def _share(text: str, codec: str, usual: Callable[[bytes], bool]) -> float:
    """How much of what is not ASCII is of daily use."""
    signs = [sign for sign in text if not sign.isascii() and sign.isalnum()]
    good = sum(_is_kana(sign) or usual(sign.encode(codec)) for sign in signs)
    return good / len(signs) if signs else 0.0


def _is_kana(sign: str) -> bool:
    return "\u3041" <= sign <= "\u30ff"


_USUAL: dict[str, Callable[[bytes], bool]] = {
    "gb18030": lambda code: len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1,
    "big5": lambda code: len(code) == 2 and 0xA4 <= code[0] <= 0xC6,
    "big5hkscs": lambda code: len(code) == 2 and 0xA4 <= code[0] <= 0xC6,
    "cp932": lambda code: len(code) == 2 and 0x88 <= code[0] <= 0x97,
    "euc_jp": lambda code: len(code) == 2 and 0xB0 <= code[0] <= 0xCF,
    "cp949": lambda code: len(code) == 2 and 0xB0 <= code[0] <= 0xC8 and code[1] >= 0xA1,
}  # the first level of each: 3,755, 5,401 and 2,965 Chinese signs, 2,350 Korean syllables


def _is_text(text: str) -> bool:
    return not any(unicodedata.category(sign) in ("Cc", "Cn", "Co") and sign >= "\x7f" for sign in text)


def _read_as(head: bytes, codec: str) -> str:
    """Empty where it is no text. A letter cut in two by the end of the head is none of it."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return ""
    return text if _is_text(text) and "\0" not in text else ""


def _signs(text: str) -> int:
    return sum(sign in ",;\t|\r\n{}:" for sign in text)
