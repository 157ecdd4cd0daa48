"""A first look into a file: its columns, some rows, which preset fits and what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from catalogue.importing.joining import part_hints
from catalogue.importing.meaning import column_names, guessing, presets, rater_hints, raters
from catalogue.importing.meaning.cells import at, common_value, shown
from catalogue.importing.meaning.presets import NoPreset, Preset
from catalogue.importing.opening import ImportFile, ImportRows, hold_to_encodings
from catalogue.importing.reading.limits import UPLOAD, Limits
from catalogue.importing.reading.readers import Broken, FileRefused, Format
from catalogue.importing.reasons import in_words
from catalogue.importing.shapes import table as shapes
from relevance.sanitising import storable

SAMPLE_ROWS = 200
MOST_COLUMNS = 300
MOST_NAME = 200  # characters of a column that is looked at
LOOKED_AT = 16 << 20  # bytes, after which a look has seen enough


class NoColumn(NoPreset):
    """What is said to mean something is no column of the table."""

    def __init__(self, unknown: Sequence[str], columns: Sequence[str]) -> None:
        told = {"unknown": ", ".join(unknown)[:200], "columns": ", ".join(columns)[:300]}
        super().__init__(storable(_("The file has no column %(unknown)s. It has: %(columns)s.") % told))


class WhoJudgedUnsaid(NoPreset):
    """A column looks like who gave the labels, which would become gold unasked."""

    def __init__(self, column: str) -> None:
        self.column = storable(column)
        super().__init__(self.told(f'--column "{self.column}=rater"', f'--column "{self.column}="'))

    def told(self, say: str, leave_out: str) -> str:
        """In the words of who asked: how to say that the column is the rater, and that it is not."""
        sentence = _(
            "The column %(column)s looks like who judged. If it is, say so, and the labels are each rater's: %(say)s. "
            "If not, leave it out, and they become gold: %(leave_out)s."
        )
        return sentence % {"column": self.column, "say": say, "leave_out": leave_out}


@dataclass(frozen=True)
class Look:
    """The head of a file."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    told: str = ""  # how its text is divided into cells, where it is
    shape: str = ""  # name of what its structure is known for

    @property
    def scales(self) -> set[str]:
        return {str(value) for row in self.rows if (value := row.get("label_scale")) not in (None, "")}

    def examples(self, column: str, most: int = 3) -> list[str]:
        """Some different values of a column, shortened, for a person who says what it means."""
        values = (value for row in self.rows if (value := at(row, column)) not in (None, "", []))
        return list(islice(dict.fromkeys(storable(shown(value))[:80] for value in values), most))


@dataclass(frozen=True)
class Origin:
    """Where texts come from: named per import, shown on the card and in exports."""

    source: str = ""
    licence: str = ""
    attribution: str = ""


def look(parts: Sequence[ImportFile], limits: Limits = UPLOAD, shape: str | None = None) -> Look:
    """Read the first rows, of the shape asked for (`shapes.table.asked`); raises FileRefused where there are none,
    EncodingUnclear where nobody says which text it is."""
    hold_to_encodings(parts, limits)
    source = ImportRows(parts, limits, shape, first=SAMPLE_ROWS, glance=True)
    rows, broken = _head(source)
    if not rows:
        raise FileRefused(_without_rows(source.format, broken))
    told = (*guessing.columns_of(rows), *guessing.paths_of(rows))
    columns = [one for one in told if len(one) <= MOST_NAME and one == storable(one)]
    return Look(
        tuple(columns[:MOST_COLUMNS]), tuple(rows), source.told, source.shape.preset.name if source.shape else ""
    )


def _head(source: ImportRows) -> tuple[list[Mapping[str, Any]], list[Broken]]:
    rows, broken, seen = [], [], 0
    for row in islice(source, SAMPLE_ROWS):
        if isinstance(row, Broken):
            broken.append(row)
            continue
        rows.append(row.values)
        seen += row.size
        if seen > LOOKED_AT:
            break
    return rows, broken


def _without_rows(format_: Format, broken: Sequence[Broken]) -> str:
    if broken:
        told = {"row": broken[0].number, "why": in_words(broken[0].reason)}
        return _("No row of the file could be read. Row %(row)s: %(why)s") % told
    return _("The file names columns and has no row.") if format_ is Format.CSV else _("The file is empty.")


def preset_for(seen: Look, kind: str, name: str = "") -> Preset:
    """The preset of that name, else the one that fits; raises NoPreset."""
    if seen.shape and kind not in presets.PRESETS[seen.shape].kinds:
        raise FileRefused(shapes.lacking(seen.shape))
    if name or seen.shape:
        return presets.named(name or seen.shape, kind)
    return presets.detect(seen.columns, seen.scales, kind)


def looks_like(seen: Look, preset: Preset | None) -> str:
    """What the file is known for, in a sentence; nothing where it is known for nothing."""
    if preset is not None and preset.name in shapes.NAMES:
        return _("The file looks like this: %(what)s.") % {"what": preset.description}
    return part_hints.looks_like(seen.columns)


def meaning_of(seen: Look, kind: str, name: str = "") -> tuple[Preset | None, dict[str, str]]:
    """What the columns mean by the preset that fits, else a guess for a person to confirm."""
    try:
        preset = preset_for(seen, kind, name)
    except NoPreset:
        return None, guessing.guess(seen.columns, kind)
    meaning = columns_of(preset, seen, kind)
    return preset, guessing.guess_rest(meaning, seen.columns, kind) if preset.name == "lore" else meaning


def meaning_told(
    seen: Look, kind: str, told: Mapping[str, str], name: str = ""
) -> tuple[Preset | None, dict[str, str]]:
    """Where nobody confirms a guess: the preset's columns and those told, of which none means that a column is left out; else
    what the columns are by their names. Raises NoPreset where these are not enough, NoColumn, WhoJudgedUnsaid."""
    if seen.told and (unknown := [one for one, field in told.items() if field and one not in seen.columns]):
        raise NoColumn(unknown, seen.columns)
    preset: Preset | None = None
    try:
        preset = preset_for(seen, kind, name)
    except presets.SeveralFit:
        raise
    except NoPreset:
        if name:
            raise
        meaning = column_names.by_name(seen.columns, kind, told)
    else:
        meaning = {**told, **_by_preset(preset, seen, kind), **told}
        meaning = meaning if seen.shape else {**guessing.told_apart(meaning, seen.columns), **told}
    if why := shapes.unclear(seen.shape, seen.columns, told) or raters.unclear(meaning):
        raise NoPreset(why)
    if column := rater_hints.who_judged(seen.rows, seen.columns, meaning):
        raise WhoJudgedUnsaid(column)
    return preset, meaning


def _by_preset(preset: Preset, seen: Look, kind: str) -> dict[str, str]:
    """Its columns; beside our own field names also those that are spelt in another known way."""
    meaning = columns_of(preset, seen, kind)
    if preset.name != "lore":
        return meaning
    return guessing.told_apart(meaning | column_names.further(seen.columns, kind, meaning), seen.columns)


def columns_of(preset: Preset, seen: Look, kind: str) -> dict[str, str]:
    """The preset's columns, as the file spells them; those that the look has not met may still come in later rows."""
    allowed = {known.name for known in presets.fields_for(kind)} | (
        {raters.RATER_LATER} if kind == presets.PAIRS else set()
    )
    known = {**preset.columns, **shapes.meaning(seen.shape, seen.columns)}
    meaning = {column: field for column, field in known.items() if field in allowed}
    return meaning if seen.shape else guessing.told_apart(column_names.as_spelt(meaning, seen.columns), seen.columns)


def origin_of(seen: Look, preset: Preset | None) -> Origin:
    """The preset's origin, else what all rows say of theirs."""
    if preset is not None and preset.source:
        return Origin(preset.source, preset.licence, preset.attribution)
    return Origin(
        common_value(seen.rows, "source")[:200],
        (common_value(seen.rows, "licence") or common_value(seen.rows, "license"))[:120],
        common_value(seen.rows, "attribution")[:500],
    )
