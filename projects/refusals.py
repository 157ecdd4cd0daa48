"""What is not done, and why: a code for programs with its sentence for people, raised together.

    raise Refused("name_taken", _("A hard set of that name exists already."), status=409)

Whoever catches it shows `refusal.sentence`; what nobody catches is answered with it, on a page of its own
(projects.boundary), in JSON (projects.bearer) or by a command (projects.commands). A sub-class only where somebody has
to tell its refusals from others.
"""

from __future__ import annotations

from django.utils.functional import Promise


class Refused(Exception):
    """`status` is the answer over HTTP, `field` what of a form it is about; `values` stand in the sentence by name."""

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
