"""Records of Argilla: fields with responses of people and suggestions of models, nested as its client writes them, or flat as
they come from the Hugging Face Hub (`relevance.responses`, `relevance.responses.users`, `relevance.suggestion`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.cells import shown
from catalogue.importing.meaning.presets import PAIRS, Preset
from catalogue.importing.reading.rows import Row
from catalogue.importing.reasons import because
from catalogue.importing.shapes import controls
from catalogue.importing.shapes.controls import Answers
from catalogue.importing.shapes.label_studio import NAMED
from catalogue.importing.shapes.shape import Made, RowShape

_UNSAID = ("draft", "discarded", "pending")
_RESPONSES, _USERS, _STATUS, _SUGGESTION = ".responses", ".responses.users", ".responses.status", ".suggestion"


def _are_records(rows: Sequence[Mapping[str, Any]]) -> bool:
    return all(_is_nested(row) for row in rows) or any(
        f"{column.removesuffix(_RESPONSES)}{_USERS}" in row
        for row in rows
        for column in row
        if column.endswith(_RESPONSES)
    )


def _is_nested(row: Mapping[str, Any]) -> bool:
    said = (row.get("responses"), row.get("suggestions"))
    return isinstance(row.get("fields"), Mapping) and any(isinstance(one, Mapping | list) for one in said)


def _record(row: Row) -> Made:
    answers, record = Answers(), row.values
    place = _("record %(id)s") % {"id": shown(record.get("id") or row.number)[:40]}
    if _is_nested(record):
        yield from _nested(answers, record, place)
    else:
        yield from _flat(answers, record, place)
    yield from answers.faults


def _nested(answers: Answers, record: Mapping[str, Any], place: str) -> Made:
    for question, said in _by_question(record.get("responses")):
        for number, one in enumerate(said if isinstance(said, list) else [said], 1):
            if isinstance(one, Mapping):
                where = f"{place}, {question}.responses[{number}]"
                _response(answers, question, one.get("user_id"), one.get("value"), one.get("status"), where)
            elif one is not None:
                answers.fault(f"{place}, {question}.responses[{number}]", because("no object"), one)
    for question, said in _by_question(record.get("suggestions")):
        if isinstance(said, Mapping):
            _suggested(answers, question, said.get("agent"), said.get("value"), said.get("score"), place)
    others = record.get("metadata")
    yield {"fields": record["fields"], "metadata": others if isinstance(others, Mapping) else {}, **answers.columns()}


def _by_question(said: Any) -> Iterator[tuple[str, Any]]:
    """By name, or in the older form a list: each response with values by question, each suggestion with its question's name."""
    if isinstance(said, Mapping):
        yield from said.items()
        return
    for one in said if isinstance(said, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("values"), Mapping):
            for question, value in one["values"].items():
                value = value.get("value") if isinstance(value, Mapping) else value
                yield question, {"value": value, "user_id": one.get("user_id"), "status": one.get("status")}
        elif isinstance(one, Mapping) and one.get("question_name"):
            yield one["question_name"], one


def _flat(answers: Answers, record: Mapping[str, Any], place: str) -> Made:
    asked = [column.removesuffix(_RESPONSES) for column in record if column.endswith(_RESPONSES)]
    asked += [column.removesuffix(_SUGGESTION) for column in record if column.endswith(_SUGGESTION)]
    for question in dict.fromkeys(asked):
        said, users, states = (record.get(f"{question}{part}") or [] for part in (_RESPONSES, _USERS, _STATUS))
        for number, value in enumerate(said if isinstance(said, list) else [said]):
            where = f"{place}, {question}.responses[{number + 1}]"
            _response(answers, question, _nth(users, number), value, _nth(states, number), where)
        model, score = (record.get(f"{question}{_SUGGESTION}.{part}") for part in ("agent", "score"))
        _suggested(answers, question, model, record.get(f"{question}{_SUGGESTION}"), score, place)
    parts = (_RESPONSES, _USERS, _STATUS, _SUGGESTION, f"{_SUGGESTION}.agent", f"{_SUGGESTION}.score")
    taken = {f"{question}{part}" for question in asked for part in parts}
    yield {**{name: value for name, value in record.items() if name not in taken}, **answers.columns()}


def _nth(values: Any, number: int) -> Any:
    return values[number] if isinstance(values, list) and number < len(values) else None


def _response(answers: Answers, question: str, user: Any, value: Any, status: Any, place: str) -> None:
    if status in _UNSAID:
        answers.fault(place, because("not submitted: %(status)s") % {"status": status}, value)
        return
    labels = list(controls.only(value))
    if labels:
        answers.rated(question, user, labels[0], place)
    else:
        answers.fault(place, because("several choices at once, or none"), value)


def _suggested(answers: Answers, question: str, model: Any, value: Any, score: Any, place: str) -> None:
    labels = list(controls.only(value))
    if labels:
        answers.predicted(question, model, labels[0], next(controls.only(score), None))
    elif value not in (None, "", []):
        answers.fault(f"{place}, {question}.suggestion", because("several choices at once, or none"), value)


RECORDS = RowShape(
    Preset(
        "argilla",
        gettext_lazy("Argilla records with responses and suggestions"),
        frozenset({PAIRS}),
        {
            **{f"{part}.{column}": field for column, field in NAMED.items() for part in ("fields", "metadata")},
            **NAMED,
        },
    ),
    _are_records,
    _record,
    meaning=controls.meaning,
    unclear=controls.unclear,
)
