"""What is not done, and why: a code for programs with its sentence for people, raised together.

    raise Refused("name_taken", _("A hard set of that name exists already."), status=409)

Whoever catches it shows `refusal.sentence`; what nobody catches is answered with it, on a page of its own
(projects.boundary), in JSON (projects.bearer) or by a command (projects.commands). A sub-class only where somebody has
to tell its refusals from others.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _


class Refused(Exception):
    """`status` is the answer over HTTP, `field` what of a form it is about; `values` stand in the sentence by name."""

    retry_after: int = 0  # seconds after which it may be done: told by the header Retry-After; 0 where nobody knows

    def __init__(
        self, code: str, sentence: str | Promise, *, status: int = 422, field: str = "", **values: object
    ) -> None:
        super().__init__(code)
        self.code, self.status, self.field = code, status, field
        self._sentence, self._values = sentence, values

    @property
    def sentence(self) -> str:
        """In the language of whoever reads it, where it was raised with a lazy one."""
        return str(self._sentence) % self._values if self._values else str(self._sentence)

    def __str__(self) -> str:
        return self.sentence


class TotalFailure(NamedTuple):
    """What was asked for came to its end, and nothing at all of it succeeded: the reason that most of it shares.

    A command exits 1 with it (projects.commands); pages and programs are told the same code and sentence.
    """

    code: str
    sentence: str


def no_row_went_in(rows: int, shared: int, first: int, field: str, code: str, reason: str) -> TotalFailure:
    """`shared` of the rows were rejected for `reason`, the first of them being row `first`."""
    said = _("0 of %(rows)s rows went in: %(reason)s (%(shared)s of them, row %(first)s first).")
    why = f"{field}: {reason}" if field else reason
    return TotalFailure(code, said % {"rows": rows, "reason": why.rstrip("."), "shared": shared, "first": first})
