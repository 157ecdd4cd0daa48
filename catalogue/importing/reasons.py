"""Why a row does not go in, in no language: a message of the catalogues with its values, put into words for whoever reads it.

    raise RowRefused("query", because("longer than %(most)s bytes") % {"most": QUERY_BYTES})

As a text it is English, which programs read and which rows are counted by; `in_words` says it in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, override

from relevance.sanitising import storable

_LONGEST = 200  # of a value
_PLACE = re.compile(r"%\(\w+\)s")


class RowReason(str):
    """English, with the message and the values it came from."""

    message: str
    given: Mapping[str, Any]

    def __new__(cls, message: str, given: Mapping[str, Any] | None = None) -> RowReason:
        values = {name: _bounded(value) for name, value in (given or {}).items()}
        made = super().__new__(cls, message % values if values else message)
        made.message, made.given = message, values
        return made

    def __mod__(self, given: Any) -> RowReason:
        return RowReason(self.message, given)

    def __hash__(self) -> int:
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)


def because(message: str) -> RowReason:
    """Marks the message for the catalogues, as gettext does."""
    return RowReason(message)


def of_lazy(text: Promise) -> RowReason:
    """Of a sentence that another table holds: its English is its message."""
    with override("en"):
        return RowReason(str(text))


def at(place: str, reason: str) -> str:
    """The reason with where in the row it is so."""
    return RowReason("%(place)s: %(reason)s", {"place": place, "reason": reason})


def _bounded(value: Any) -> Any:
    if isinstance(value, RowReason | int):
        return value
    return storable(str(value)[:_LONGEST])


def to_json(reason: str) -> dict[str, Any] | None:
    """As it is kept beside its English; None for a text that came in no message."""
    if not isinstance(reason, RowReason):
        return None
    return {"message": reason.message, "values": {name: to_json(one) or one for name, one in reason.given.items()}}


def in_words(reason: str, told: Mapping[str, Any] | None = None) -> str:
    """In the reader's language, where it is known what was told; else the text itself."""
    told = to_json(reason) or told
    if not told:
        return reason
    values = {name: in_words("", one) if isinstance(one, Mapping) else one for name, one in told["values"].items()}
    text = gettext(told["message"])
    return text % values if values else text


def code_of(told: Mapping[str, Any] | None) -> str:
    """What programs may compare: the English message without its values, as a name. Empty where none is known."""
    while told and told["message"] == "%(place)s: %(reason)s":
        inner = told["values"]["reason"]
        told = inner if isinstance(inner, Mapping) else None
    return re.sub(r"[^a-z0-9]+", "_", _PLACE.sub(" ", told["message"]).lower()).strip("_")[:60] if told else ""
