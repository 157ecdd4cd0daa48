"""How a file is to be read, asked of a person: what it looks like, how it reads so, and what else there is to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing import receiving
from catalogue.importing.meaning.cells import shown
from catalogue.importing.meaning.inspecting import Look
from catalogue.importing.reading.encoding_guess import ENCODINGS, LINE, LINES
from catalogue.importing.reading.read_as import EncodingUnclear, Guess, ReadAs, SheetUnclear
from catalogue.models import Import
from relevance.sanitising import storable

_MOST = 60  # characters of a name


class ReadAsForm(forms.Form):
    """Sent by GET: the page shows the file read so, and nothing is stored."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), required=False)
    replace = forms.BooleanField(label=gettext_lazy("Put � for each byte that cannot be read"), required=False)
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)

    def __init__(self, reading: ReadAs, sheets: tuple[str, ...] = ()) -> None:
        super().__init__(initial=reading._asdict())
        if sheets:
            self.fields["sheet"].choices = [(sheet, sheet) for sheet in sheets]  # type: ignore[attr-defined]
            del self.fields["encoding"], self.fields["replace"]
            return
        del self.fields["sheet"]
        listed = [(one.codec, one.name) for one in ENCODINGS.values() if one.listed or one.codec == reading.encoding]
        self.fields["encoding"].choices = [("", "–"), *listed]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ReadAsQuestion:
    """What a person is shown above the columns, or in place of them. `reading`: what the columns were read by."""

    form: ReadAsForm
    reading: ReadAs
    sentence: str = ""
    guesses: tuple[Guess, ...] = ()
    as_it_reads: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """For the forms that go on from here."""
        said = {"encoding": self.reading.encoding, "sheet": self.reading.sheet, "replace": "1" * self.reading.replace}
        return [(name, value) for name, value in said.items() if value]


def asked(said: QueryDict | Mapping[str, Any]) -> ReadAs:
    return ReadAs(
        str(said.get("encoding", ""))[:_MOST], bool(said.get("replace")), storable(str(said.get("sheet", "")))[:_MOST]
    )


def look_or_ask(batch: Import, preset: str, reading: ReadAs) -> tuple[Look | None, ReadAsQuestion | None]:
    """The head of the file, what is to be asked about how it was read, or both: a guess is shown as it reads. Raises
    FileRefused."""
    try:
        seen = receiving.look_again(batch, preset, reading)
    except SheetUnclear as unclear:
        return None, ReadAsQuestion(ReadAsForm(reading, unclear.sheets), reading, str(unclear))
    except EncodingUnclear as unclear:
        if len(unclear.guesses) == 1 and not reading.encoding:
            return _guessed(batch, preset, reading, unclear)
        return None, ReadAsQuestion(ReadAsForm(reading), reading, str(unclear), unclear.guesses)
    if reading.sheet:
        return seen, ReadAsQuestion(ReadAsForm(reading, (reading.sheet,)), reading)
    if reading.encoding or reading.replace:
        return seen, ReadAsQuestion(ReadAsForm(reading), reading, as_it_reads=_rows_of(seen))
    return seen, None


def _guessed(
    batch: Import, preset: str, reading: ReadAs, unclear: EncodingUnclear
) -> tuple[Look | None, ReadAsQuestion]:
    [guess] = unclear.guesses
    guessed = reading._replace(encoding=guess.encoding)
    sentence = _("This is not UTF-8. It looks like %(name)s. Choose another encoding if it does not read right.")
    try:
        seen = receiving.look_again(batch, preset, guessed)
    except EncodingUnclear as further:
        return None, ReadAsQuestion(ReadAsForm(guessed), reading, str(further), unclear.guesses)
    told = sentence % {"name": guess.name}
    return seen, ReadAsQuestion(ReadAsForm(guessed), guessed, told, as_it_reads=list(guess.lines))


def _rows_of(seen: Look) -> list[str]:
    """Some rows as they read, those with letters that ASCII does not have."""
    told = (" · ".join(shown(value) for value in row.values())[:LINE] for row in seen.rows)
    return [storable(one) for one in told if not one.isascii()][:LINES]
