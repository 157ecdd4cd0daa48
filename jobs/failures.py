"""Why a job failed, in words. `Job.error` holds a code and, behind a colon, what was said where it failed, in whatever language
that was; whoever shows it tells the sentence of the code in the reader's.

Each app tells the sentences of its own codes in its `ready()`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs import leasing

_CODE = re.compile(r"[a-z]+[0-9]*(_[a-z0-9]+)+|([A-Z][a-z0-9]+){2,}")  # of us, or the name of a class
_SENTENCES: dict[str, Promise] = {
    leasing.VANISHED.partition(":")[0]: _("Whoever worked on it vanished without a word, each time."),
    leasing.FELL: _("The process that worked on it came to an end of its own."),
    "connection": _("The server cannot be reached."),
    "deadline": _("The server did not answer in time."),
    "redirect": _("The server sends us elsewhere, and we do not follow."),
}


class Failure(NamedTuple):
    """`sentence` is for readers, in their language; `said` is what was said behind the code, a server's words for instance."""

    code: str
    sentence: str
    said: str

    @property
    def words(self) -> str:
        return f"{self.sentence} {self.said}".strip()


def tell(sentences: Mapping[str, Promise]) -> None:
    """A code has one sentence, whoever raises it."""
    if doubled := [code for code, one in sentences.items() if _SENTENCES.get(code, one) is not one]:
        raise ValueError(f"these codes have other sentences already: {doubled}")
    _SENTENCES.update(sentences)


def every() -> dict[str, Promise]:
    return dict(_SENTENCES)


def of(error: str) -> Failure:
    """What is no code is a sentence already, as it was stored."""
    code, _colon, rest = error.partition(":")
    said = "" if (rest := rest.strip()) == code else rest
    if code in _SENTENCES:
        return Failure(code, str(_SENTENCES[code]), said)
    if _CODE.fullmatch(code):
        return Failure(code, gettext("It failed in a way that nobody foresaw (%(code)s).") % {"code": code}, said)
    return Failure("", error, "")
