"""How a file is to be read, as whoever brings it says, and the refusals that another saying would mend. Knows no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalogue.importing.reading.rows import FileRefused


class ReadAs(NamedTuple):
    """`encoding`: of its text, where it is not UTF-8. `replace`: bytes that cannot be read become signs that say so.
    `sheet`: of a workbook."""

    encoding: str = ""
    replace: bool = False
    sheet: str = ""


UNSAID = ReadAs()


class Door(NamedTuple):
    """How somebody says a thing where they stand: a form for a name and its value, and one for a switch."""

    named: str
    switch: str

    def says(self, name: str, value: str = "") -> str:
        return self.named % (name, value) if value else self.switch % name


COMMAND_LINE = Door("--%s %s", "--%s")
PROGRAM = Door("%s=%s", "%s=1")


class Guess(NamedTuple):
    """An encoding that a file may be in, and some of its lines as they read then."""

    encoding: str
    name: str
    lines: tuple[str, ...]


class EncodingUnclear(FileRefused):
    """The text is not what it was said to be, or not UTF-8 where nothing was said. `guesses`: the likeliest first."""

    def __init__(self, sentence: str, guesses: Sequence[Guess] = ()) -> None:
        super().__init__(sentence)
        self.guesses = tuple(guesses)

    def of(self, file: str) -> EncodingUnclear:
        """With the name of the file, where there are several."""
        return EncodingUnclear(f"{file}: {self}", self.guesses)

    def said_at(self, door: Door) -> str:
        """With what to do next, in the words of the place."""
        options = [door.says("encoding", guess.encoding) for guess in self.guesses]
        if len(options) == 1:
            return f"{self} " + _("Give %(option)s if that reads right.") % {"option": options[0]}
        if options:
            return f"{self} " + _("Give the one that reads right: %(options)s.") % {"options": ", ".join(options)}
        next_ = _("Mend it, name its encoding (%(encoding)s), or have � put for what cannot be read (%(replace)s).")
        told = {"encoding": door.says("encoding", _("NAME")), "replace": door.says("replace")}
        return f"{self} " + next_ % told


class SheetUnclear(FileRefused):
    """Several sheets of a workbook hold rows, or none has the name that was said."""

    def __init__(self, sentence: str, sheets: Sequence[str]) -> None:
        super().__init__(sentence)
        self.sheets = tuple(sheets)

    def said_at(self, door: Door) -> str:
        option = door.says("sheet", _("NAME"))
        return f"{self} " + _("Name the one that you mean: %(option)s.") % {"option": option}
