"""Exports of Label Studio: tasks with annotations and predictions (JSON), and its tables of annotations (CSV, JSON_MIN)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.importing.meaning.cells import shown, structured
from catalogue.importing.meaning.presets import OWN, PAIRS, Preset
from catalogue.importing.reading.rows import Row
from catalogue.importing.reasons import because
from catalogue.importing.shapes import controls
from catalogue.importing.shapes.controls import Answers
from catalogue.importing.shapes.quepid import ABOUT_ITEMS
from catalogue.importing.shapes.shape import Made, NoRow, RowShape

_PAIRS = frozenset({PAIRS})
_SAYS = ("choices", "rating", "number")  # the kinds of answers that can be a label
_TABLE = frozenset({"annotation_id", "annotator", "lead_time"})
_BESIDE = _TABLE | {"id", "created_at", "updated_at", "agreement", "history"}
NAMED = {"query": "query", "item_id": "item_id", **ABOUT_ITEMS}


def _are_tasks(rows: Sequence[Mapping[str, Any]]) -> bool:
    said = [row for row in rows if isinstance(row.get("annotations", row.get("completions")), list)]
    return bool(said) and all(isinstance(row.get("data"), Mapping) for row in rows)


def _task(row: Row) -> Made:
    answers, task = Answers(), row.values
    place = _("task %(id)s") % {"id": shown(task.get("id", row.number))[:40]}
    for number, one in _oldest_first(_listed(task.get("annotations", task.get("completions")))):
        _annotation(answers, one, f"{place}, annotations[{number}]")
    for number, one in enumerate(_listed(task.get("predictions")), 1):
        _prediction(answers, one, f"{place}, predictions[{number}]")
    for number, one in enumerate(_listed(task.get("drafts")), 1):
        answers.fault(f"{place}, drafts[{number}]", because("a draft, which nobody has submitted"), one)
    data = task.get("data")
    if isinstance(data, Mapping):
        yield {"data": data, **answers.columns()}
    else:
        yield NoRow(place, because("no data"), task)
    yield from answers.faults


def _oldest_first(annotations: list[Any]) -> list[tuple[int, Any]]:
    """With their places in the list, which is in no order of time: of two answers of one person the later stands."""

    def when(annotation: Any) -> str:
        said = annotation if isinstance(annotation, Mapping) else {}
        return str(said.get("updated_at") or said.get("created_at") or "")

    return sorted(enumerate(annotations, 1), key=lambda one: when(one[1]))


def _annotation(answers: Answers, said: Any, place: str) -> None:
    if not isinstance(said, Mapping):
        answers.fault(place, because("no object"), said)
    elif said.get("was_cancelled") or said.get("skipped"):
        answers.fault(place, because("cancelled: whoever had the task skipped it"), said)
    else:
        found = False
        for question, label in _results(answers, said.get("result"), place):
            found = True
            answers.rated(question, _person(said), label, place)
            if said.get("ground_truth"):
                answers.true(question, label, place)
        if not found:
            answers.fault(place, because("no answer that can be a label"), said)


def _prediction(answers: Answers, said: Any, place: str) -> None:
    if not isinstance(said, Mapping):
        answers.fault(place, because("no object"), said)
        return
    found = list(_results(answers, said.get("result"), place))
    for question, label in found:
        answers.predicted(question, said.get("model_version"), label, said.get("score"))
    if not found:
        answers.fault(place, because("no answer that can be a label"), said)


def _results(answers: Answers, said: Any, place: str) -> Iterator[tuple[str, Any]]:
    """(question, answer) of each control whose answer can be a label; several choices in one are none."""
    for one in _listed(said):
        value = one.get("value") if isinstance(one, Mapping) else None
        kind = next((kind for kind in _SAYS if isinstance(value, Mapping) and value.get(kind) is not None), None)
        if not isinstance(value, Mapping) or kind is None:
            continue
        labels = list(controls.only(value[kind]))
        if labels:
            yield str(one.get("from_name") or "label"), labels[0]
        else:
            answers.fault(place, because("several choices at once, or none"), value[kind])


def _person(annotation: Mapping[str, Any]) -> Any:
    by = annotation.get("completed_by")
    return (by.get("email") or by.get("id")) if isinstance(by, Mapping) else by


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


TASKS = RowShape(
    Preset(
        "label_studio",
        gettext_lazy("Label Studio tasks (JSON) with annotations and predictions"),
        _PAIRS,
        {f"data.{column}": field for column, field in NAMED.items()},
    ),
    _are_tasks,
    _task,
    meaning=controls.meaning,
    unclear=controls.unclear,
)


def _is_table(rows: Sequence[Mapping[str, Any]]) -> bool:
    return all(row.keys() >= _TABLE for row in rows)


def _annotated(row: Row) -> Made:
    """Answers as they are, where Label Studio wraps them."""
    yield {name: value if name in _BESIDE else _unwrapped(value) for name, value in row.values.items()}


def _unwrapped(value: Any) -> Any:
    """`[{"rating": 3}]` and `{"choices": ["L4"]}` are one answer; what has several stays, so that no label is read of it."""
    said = structured(value)
    inner = said[0] if isinstance(said, list) and len(said) == 1 else said
    if not isinstance(inner, Mapping):
        return value
    kind = next((kind for kind in _SAYS if kind in inner), None)
    return next(controls.only(inner[kind]), value) if kind else value


def _columns_of_table(columns: Collection[str]) -> dict[str, str]:
    """The one column that is neither data with a name of ours nor Label Studio's own is the label."""
    others = _questions_of_table(columns)
    return {others[0]: "label"} if len(others) == 1 else {}


def _questions_of_table(columns: Collection[str]) -> list[str]:
    return [column for column in columns if column not in _BESIDE and column not in OWN and "." not in column]


def _unclear_table(columns: Collection[str], told: Mapping[str, str]) -> str:
    others = [column for column in _questions_of_table(columns) if column not in told]
    if "label" in told.values() or "label" in columns or len(others) < 2:
        return ""
    reason = _('Several columns may hold the label: %(names)s. Say which: --column "%(first)s=label".')
    return reason % {"names": ", ".join(others)[:300], "first": others[0]}


TABLE = RowShape(
    Preset(
        "label_studio_csv",
        gettext_lazy("Label Studio annotations, a row each (CSV or JSON_MIN)"),
        _PAIRS,
        {**NAMED, "label": "label", "annotator": "rater"},
    ),
    _is_table,
    _annotated,
    meaning=_columns_of_table,
    unclear=_unclear_table,
)
