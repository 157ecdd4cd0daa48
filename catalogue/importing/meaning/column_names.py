"""What columns mean by their very names, where nobody confirms a guess: each known spelling means its field, likeness nothing.

What is not certain is refused with the sentence that makes it so, in the words of who asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from catalogue.importing.joining import part_hints
from catalogue.importing.meaning import guessing, presets
from catalogue.importing.meaning.presets import ITEMS, PAIRS, ImportField, NoPreset
from catalogue.importing.meaning.raters import RATER, RATING
from relevance.sanitising import storable

COMMAND = "--column %s"
PROGRAM = "column=%s"
_AT_ONCE = 5  # columns that a refusal names


class ColumnsUnclear(NoPreset):
    """`options`: what would make it clear, as COLUMN=FIELD, all of them or one (`either`). `catalogue`: it looks like one."""

    def __init__(
        self, sentence: str, options: Sequence[str] = (), *, either: bool = False, catalogue: bool = False
    ) -> None:
        self.sentence, self.options, self.either, self.catalogue = sentence, tuple(options), either, catalogue
        super().__init__(self.said(COMMAND, _("Use import_items.")))

    def said(self, column: str, items: str) -> str:
        """With what to do next. `column`: how a column is said, `items`: how a catalogue is brought."""
        if self.catalogue:
            return f"{self.sentence} {items}"
        if not self.options:
            return self.sentence
        said = [column % (f'"{option}"' if " " in option else option) for option in self.options]
        told = (_(" or ") if self.either else " ").join(said)
        remedy = _("If so, say it: %(options)s.") % {"options": told}
        return f"{self.sentence} {remedy}"


def by_name(columns: Sequence[str], kind: str, told: Mapping[str, str]) -> dict[str, str]:
    """What was told, and what further columns are by their names; raises ColumnsUnclear where that is not enough."""
    meaning, doubtful = {**told}, dict[str, list[str]]()
    for field, called in _called(columns, kind, told).items():
        first = _first(called, field)
        meaning |= dict.fromkeys(first, field)
        if len(first) < len(called) and field in _DECISIVE and not _is_own(first[0], field):
            doubtful[field] = called
    meaning = guessing.told_apart(meaning, columns)
    if RATING in meaning.values():
        doubtful.pop("label", None)
    if doubtful:
        raise _several(doubtful)
    if presets.missing(meaning, kind):
        raise _missing(columns, kind, meaning)
    if kind == PAIRS and (label := _like_a_label(columns, kind, meaning)):
        sentence = _("The column %(column)s looks like the label.") % {"column": label}
        raise ColumnsUnclear(sentence, [f"{label}=label"])
    return meaning


def further(columns: Sequence[str], kind: str, meaning: Mapping[str, str]) -> dict[str, str]:
    """Beside our own field names: columns that are spelt as a field which no column of the file stands for yet."""
    taken = {meaning[one] for one in columns if one in meaning}
    found = _called([one for one in columns if one not in meaning], kind, {})
    return {one: field for field, called in found.items() if field not in taken for one in _first(called, field)}


def as_spelt(meaning: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """The same, with the columns of a file that are spelt in another case or with other signs."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        spelt[presets.plain_name(column)].append(column)
    found: dict[str, str] = {}
    for column, field in meaning.items():
        found[column] = field
        if column not in columns:
            found |= {one: field for one in spelt[presets.plain_name(column)] if one not in meaning}
    return found


_BOTH_LOCALES = set(map(presets.plain_name, presets.LOCALES))
_DECISIVE = {"query", "item_id", "title", "label"}


def _called(columns: Iterable[str], kind: str, told: Mapping[str, str]) -> dict[str, list[str]]:
    """Field -> the columns that are called so, of fields and columns that nothing was told of. Whether a column that is not
    called `rater` says who judged is asked where it matters."""
    spellings, said = presets.spellings_for(kind), set(told.values())
    found: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        field = spellings.get(presets.plain_name(column))
        if field and field not in said and column not in told and (field != RATER or _is_own(column, RATER)):
            found[field].append(column)
    return found


def _first(called: Sequence[str], field: str) -> list[str]:
    """Of several the one that bears the field's own name; of a locale the query's and the item's, which must say the same."""
    both = [one for one in called if presets.plain_name(one) in _BOTH_LOCALES]
    if field == "locale" and both and not any(_is_own(one, field) for one in called):
        return both
    return [
        next((one for one in called if one == field), next((one for one in called if _is_own(one, field)), called[0]))
    ]


def _is_own(column: str, field: str) -> bool:
    return presets.plain_name(column) == presets.plain_name(field)


def _several(doubtful: Mapping[str, Sequence[str]]) -> ColumnsUnclear:
    field, columns = next(iter(doubtful.items()))
    told = {"columns": ", ".join(map(_shown, columns[:_AT_ONCE])), "field": str(presets.NAMES[field].label)}
    sentence = _("Several columns may be the %(field)s: %(columns)s.") % told
    return ColumnsUnclear(sentence, [f"{_shown(one)}={field}" for one in columns[:_AT_ONCE]], either=True)


def lacking(fields: Sequence[ImportField], meaning: Mapping[str, str], kind: str, columns: Sequence[str] = ()) -> str:
    """What a person is told who has said what the columns mean."""
    hint = part_hints.looks_like(columns)
    if _is_catalogue(fields, meaning, kind) and not hint:
        return _(
            "No column is the query: is this a catalogue? Discard it and choose “catalogue items” when you upload it."
        )
    names = ", ".join(str(known.label) for known in fields)
    sentence = _("No column says what this import needs: %(names)s.") % {"names": names}
    return f"{hint} {sentence}".strip()


def _is_catalogue(fields: Sequence[ImportField], meaning: Mapping[str, str], kind: str) -> bool:
    return kind == PAIRS and [known.name for known in fields] == ["query"] and not presets.missing(meaning, ITEMS)


def _missing(columns: Sequence[str], kind: str, meaning: Mapping[str, str]) -> ColumnsUnclear:
    fields = presets.missing(meaning, kind)
    if _is_catalogue(fields, meaning, kind):
        question = _("`query` is missing: is this a catalogue?")
        return ColumnsUnclear(f"{question} {part_hints.looks_like(columns)}".strip(), catalogue=True)
    guessed, needed = guessing.guess(columns, kind), {known.name for known in fields}
    likely = [f"{_shown(one)}={field}" for one, field in guessed.items() if field in needed]
    names = ", ".join(str(known.label) for known in fields)
    sentence = _("No column is certain to be what this import needs: %(names)s.") % {"names": names}
    if hint := part_hints.looks_like(columns):
        return ColumnsUnclear(f"{hint} {sentence}", likely if len(likely) == len(fields) else ())
    if len(likely) == len(fields):
        return ColumnsUnclear(sentence, likely[:_AT_ONCE])
    told = {"columns": ", ".join(map(_shown, columns[:20]))[:300], "names": ", ".join(presets.names_for(kind))}
    reason = _("No preset fits the columns %(columns)s. Say what they mean or name a preset: %(names)s (--preset).")
    return ColumnsUnclear(f"{sentence} {reason % told}", likely[:_AT_ONCE])


def _like_a_label(columns: Sequence[str], kind: str, meaning: Mapping[str, str]) -> str:
    if {"label", "ratings"} & set(meaning.values()):
        return ""
    return next(
        (one for one, field in guessing.guess(columns, kind).items() if field == "label" and one not in meaning), ""
    )


def _shown(column: str) -> str:
    return storable(column)[:60]
