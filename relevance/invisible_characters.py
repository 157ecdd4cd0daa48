"""What a text holds that its reader does not see, or takes for another letter.

Texts stay as the shop wrote them and hashes are made of them; a page badges what this finds, and a prompt gets a copy
without what nobody sees. Sources: Unicode 16 (Default_Ignorable_Code_Point), the bidirectional controls of UAX 9, and
of UTS 39 the letters that look like a basic Latin one. Russian is no deceit: such letters are odd only in a word that
mixes them with Latin ones, or in one of nothing else within a text that has Latin letters and no others of its script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IGNORABLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0e"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
# Seen after all, by what they do to their neighbours: a joiner between the parts of an emoji or within an Arabic or
# Indic word, a variation selector behind an emoji, and the tags of the three flags that Unicode recommends.
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf"
_JOINED = "\u0600-\u06ff\u0750-\u077f\u0900-\u0dff"
_STRAY_JOINER = (
    f"(?<![{_EMOJI}\ufe0f{_JOINED}])\u200d|\u200d(?![{_EMOJI}{_JOINED}])|(?<![{_JOINED}])\u200c|\u200c(?![{_JOINED}])"
)
_STRAY_SELECTOR = "(?<![\U0001f000-\U0001faff\u2190-\u3299#*0-9])\ufe0f"
_BLACK_FLAG = "\U0001f3f4"
_FLAGS = "|".join("".join(chr(0xE0000 + ord(letter)) for letter in code) for code in ("gbeng", "gbsct", "gbwls"))
_UNSEEN = re.compile(
    f"{_BLACK_FLAG}(?:{_FLAGS})\U000e007f|[{_BIDI}{_IGNORABLE}{_CONTROLS}]|{_STRAY_JOINER}|{_STRAY_SELECTOR}"
)

# Whether to look closer: one set of characters is found many times as fast as the alternatives above.
_MAYBE_UNSEEN = re.compile(f"[{_BIDI}{_IGNORABLE}{_CONTROLS}\u200c\u200d\ufe0f]")

_TURNS = re.compile(f"[{_BIDI}]")

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_LOOKALIKES = (
    # Cyrillic
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u043e\u0440\u0441\u0443\u0445"
    "\u0405\u0406\u0408\u0455\u0456\u0458\u0474\u0475\u04ae\u04af\u04bb\u04c0\u04cf\u0501\u050c\u051a\u051b\u051c\u051d"
    # Greek
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03b1\u03b3\u03b9\u03bd\u03bf\u03c1\u03c5\u03f2\u03f3\u03f9\u037f"
    # Armenian, Cherokee
    "\u0555\u054d\u0570\u0578\u057d\u0581\u0585\u0566"
    "\u13a0\u13a1\u13a2\u13a5\u13a9\u13aa\u13ab\u13b3\u13b7\u13bb\u13c0\u13c2\u13c3\u13cf\u13d9\u13da\u13de\u13df\u13e2"
    "\u13e6\u13f4"
)
_STYLED = "\U0001d400-\U0001d7ff"  # letters of formulas: bold, script, double-struck
_SUSPECT = re.compile(f"[{_LATIN}{_LOOKALIKES}][{_LOOKALIKES}]|[{_LOOKALIKES}][{_LATIN}]|[{_STYLED}]")
_WORD = re.compile(r"[^\W\d_]+")
READ_FOR_PRETENDERS = 20_000  # characters of a text: words are dearer to look at than signs
_MAYBE_PRETENDER = re.compile(f"[{_LOOKALIKES}{_STYLED}]")
_STYLED_LETTER = re.compile(f"[{_STYLED}]")
_LATIN_LETTER = re.compile(f"[{_LATIN}]")
_NEITHER = re.compile(f"[^{_LATIN}{_LOOKALIKES}{_STYLED}]")
_OF_THEIR_SCRIPT = re.compile(f"(?![{_LOOKALIKES}])[\u0370-\u058f\u13a0-\u13ff]")


def without_unseen(text: str) -> str:
    """The text as a reader sees it."""
    return text if _MAYBE_UNSEEN.search(text) is None else _UNSEEN.sub(_kept_flag, text)


def is_plain(text: str) -> bool:
    """Nothing unseen, no pretender: most texts, so this is quick."""
    if _MAYBE_UNSEEN.search(text) is not None and _UNSEEN.search(text) is not None:
        return False
    return text.isascii() or _MAYBE_PRETENDER.search(text) is None or _SUSPECT.search(text) is None


def turns(text: str) -> bool:
    """Holds a bidirectional control. Left open, one reaches beyond the tag around it: browsers close only one level."""
    return _TURNS.search(text) is not None


def oddities(text: str, most: int = 100) -> list[str]:
    """The first different characters that are unseen, then those that pretend to be Latin letters; no more than asked."""
    if is_plain(text):
        return []
    unseen = (text[at] for at in _unseen_places(text))
    pretending = (sign for word in _deceiving_words(text) for sign in _MAYBE_PRETENDER.findall(word))
    found: dict[str, None] = {}
    for sign in chain(unseen, pretending):
        found[sign] = None
        if len(found) >= most:
            break
    return list(found)


def spelt_out(text: str) -> str:
    r"""The text with its oddities as escapes: `photo\u202egpj.exe`."""
    if is_plain(text):
        return text
    odd = set(_unseen_places(text))
    if deceiving := set(_deceiving_words(text)):
        for word in _WORD.finditer(text, 0, READ_FOR_PRETENDERS):
            if word[0] in deceiving:
                odd.update(word.start() + found.start() for found in _MAYBE_PRETENDER.finditer(word[0]))
    return "".join(escape(sign) if at in odd else sign for at, sign in enumerate(text))


def escape(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def _kept_flag(found: re.Match[str]) -> str:
    return found[0] if found[0][0] == _BLACK_FLAG else ""


def _unseen_places(text: str) -> Iterator[int]:
    return (found.start() for found in _UNSEEN.finditer(text) if not _kept_flag(found) and not _ends_line(found))


def _deceiving_words(text: str) -> Iterator[str]:
    """The different words that hold a pretender, each looked at once however often it stands there."""
    if text.isascii() or not _SUSPECT.search(text):
        return
    among_latin = bool(_LATIN_LETTER.search(text)) and not _OF_THEIR_SCRIPT.search(text)
    for word in dict.fromkeys(_WORD.findall(text, 0, READ_FOR_PRETENDERS)):
        if _deceives(word, among_latin=among_latin):
            yield word


def _deceives(word: str, *, among_latin: bool) -> bool:
    if _SUSPECT.search(word) is None or _NEITHER.search(word) is not None:
        return False
    return among_latin or bool(_LATIN_LETTER.search(word) or _STYLED_LETTER.search(word))


def _ends_line(found: re.Match[str]) -> bool:
    """A browser sends the lines of a text area with both signs at their end."""
    return found[0] == "\r" and found.string[found.end() : found.end() + 1] == "\n"
