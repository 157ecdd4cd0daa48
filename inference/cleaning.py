"""The copy of a foreign text that goes into a prompt: without what people cannot see.

The text itself stays as it was written; pages show it, hashes are made of it. Source of the sets: Unicode 16,
DerivedCoreProperties (Default_Ignorable_Code_Point) and the bidirectional controls of UAX 9.
"""

from __future__ import annotations

import json
import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IGNORABLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0e"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
# A joiner or a variation selector between the parts of an emoji is seen: it makes one picture of them.
_STRAY_JOINER = "(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])[\u200d]|\u200d(?![\U0001f000-\U0001faff\u2600-\u27bf])"
_STRAY_SELECTOR = "(?<![\U0001f000-\U0001faff\u2190-\u3299#*0-9])\ufe0f"
_UNSEEN = re.compile(f"[{_BIDI}{_IGNORABLE}{_CONTROLS}]|{_STRAY_JOINER}|{_STRAY_SELECTOR}")


def prompt_copy(text: str) -> str:
    """The text as a reader sees it, for a model to read."""
    return _UNSEEN.sub("", text)


def invisible_characters(text: str) -> int:
    """How many characters a reader of the text does not see."""
    return sum(1 for _ in _UNSEEN.finditer(text))


def quoted(value: object) -> str:
    """Foreign values as one line of JSON that cannot end its own quotation nor spell a chat template's control token."""
    text = json.dumps(_cleaned(value), ensure_ascii=False, separators=(", ", ": "))
    return (
        text.replace("<|", "<\\u007c")
        .replace("<<", "<\\u003c")
        .replace("</", "<\\u002f")
        .replace("[INST", "\\u005bINST")
    )


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return prompt_copy(value)
    if isinstance(value, dict):
        return {prompt_copy(str(key)): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(one) for one in value]
    return value
