"""What foreign columns may mean, by their names: for a person to confirm, never decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process

from catalogue.importing.meaning import predictions
from catalogue.importing.meaning.presets import FIELDS, LOCALES, NAMES, plain_name, spellings_for
from catalogue.importing.meaning.raters import RATER, RATER_LATER, RATING


def guess(columns: Sequence[str], kind: str) -> dict[str, str]:
    """What foreign columns may mean, for a person to confirm: by known spellings first, then by likeness."""
    spellings = spellings_for(kind)
    meaning: dict[str, str] = {}
    for exact in (True, False):
        for column in columns:
            found = _lookup(plain_name(column.rpartition(".")[2] if exact else column), spellings, exact=exact)
            if column not in meaning and found and _free(found, column, meaning):
                meaning[column] = found
    bare = next((one for one in columns if plain_name(one) == _BARE_ID), None)
    if bare and "item_id" not in meaning.values():
        meaning[bare] = "item_id"
    return told_apart(meaning, columns)


def guess_rest(meaning: Mapping[str, str], columns: Sequence[str], kind: str) -> dict[str, str]:
    """The same, and what other columns are by their very names, of fields that no column stands for yet."""
    taken = {meaning[one] for one in columns if one in meaning}
    called_so = {one: field for one, field in guess(columns, kind).items() if called(one, field)}
    rest = {one: field for one, field in called_so.items() if one not in meaning and field not in taken}
    return told_apart({**meaning, **rest}, columns)


def told_apart(meaning: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """The same, where what one column means hangs on another that is there."""
    columns = tuple(columns)
    return _labels_told_apart(_models_told_apart(meaning, columns), columns)


def _models_told_apart(meaning: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Beside a prediction `model` names who predicted, and nothing of the item. A score alone may be anybody's: it is left out."""
    there = {meaning.get(one) for one in columns} & predictions.FIELDS
    named = [one for word in _MODELS for one in columns if plain_name(one.rpartition(".")[2]) == word]
    if there == {"score"} and not named:
        return {one: field for one, field in meaning.items() if field != "score"}
    if not there:
        return dict(meaning)
    beside = {one: field for one, field in meaning.items() if one not in named}
    if "prediction_label" in columns:  # our own export's: its `prediction` is a number
        beside = {**beside, "prediction_label": "prediction"}
        beside.pop("prediction", None)
    return {**beside, **dict.fromkeys(named[:1], predictions.MODEL_NAME)}


def _labels_told_apart(meaning: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Beside a column of who judged and one that is called final, the label is the rater's and the final one is gold."""
    meaning = {one: RATER if field == RATER_LATER and one in columns else field for one, field in meaning.items()}
    called = [one for one in columns if meaning.get(one, "label") == "label" and plain_name(one) in _LABELS]
    final = [one for one in called if plain_name(one) in _FINAL]
    others = [one for one in called if one not in final]
    if not final or not others or RATER not in {meaning.get(one) for one in columns}:
        return meaning
    return {**meaning, others[0]: RATING, final[0]: "label"}


def _free(found: str, column: str, meaning: Mapping[str, str]) -> bool:
    """One column means a field. Only a locale is meant by both of a query's and an item's: where they differ in a row, it is
    refused."""
    others = {name for name, field in meaning.items() if field == found}
    return not others or {column} | others <= set(LOCALES)


def _lookup(column: str, spellings: Mapping[str, str], *, exact: bool) -> str | None:
    if exact:
        return spellings.get(column)
    if len(column) <= 3 or column.rpartition(" ")[2] in _IDS:  # the id of a query or a case is like that of an item
        return None
    likely = [word for word, field in spellings.items() if word not in _EXACT_ONLY and field not in _BY_NAME]
    best = process.extractOne(column, likely, scorer=fuzz.WRatio, score_cutoff=90)
    return spellings[best[0]] if best else None


_BARE_ID = "id"  # of a pair as often as of an item
_IDS = frozenset({"id", "ids", "uid"})
_EXACT_ONLY = {"market", "lang"}  # a market price is no market; nor has a user agent judged anything
_MEANT = frozenset(plain_name(word) for known in FIELDS for word in known.words)
_BY_NAME = frozenset({RATER, predictions.MODEL_NAME, *predictions.FIELDS})
_MODELS = ("model", "model name", "predicted by", "ranker", "model id", "model version")
_LABELS = frozenset(map(plain_name, NAMES["label"].words))
_FINAL = frozenset({"gold", "gold label", "final label", "最终标签"})
_NESTED = 3  # objects within objects
_NAMES_WITHIN = 30  # more are a catalogue's own names, and no columns


def called(column: str, field: str) -> bool:
    """Whether a column bears a name of that field."""
    return plain_name(column.rpartition(".")[2]) in map(plain_name, NAMES[field].words)


def is_called(column: str) -> bool:
    """Whether it bears a name of any field."""
    return plain_name(column.rpartition(".")[2]) in _MEANT


def columns_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """The columns of some rows, in order of first appearance."""
    return list(dict.fromkeys(column for row in rows for column in row))


def paths_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Columns within objects, as `data.query`; not of objects that mean something here as a whole, such as attributes."""
    return list(dict.fromkeys(path for row in rows for path in _paths(row, "", _NESTED)))


def _paths(values: Mapping[str, object], above: str, deeper: int) -> Iterator[str]:
    for name, value in values.items():
        if above and "." not in name:
            yield f"{above}.{name}"
        if deeper and isinstance(value, Mapping) and len(value) <= _NAMES_WITHIN and plain_name(name) not in _MEANT:
            yield from _paths(value, f"{above}.{name}" if above else name, deeper - 1)
