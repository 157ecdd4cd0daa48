"""Exports of Label Studio and Argilla: people's answers become their ratings, models' answers foreign predictions."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.models import Gold, Judge, Judgment
from catalogue.importing.meaning.inspecting import meaning_of, meaning_told
from catalogue.importing.meaning.presets import PAIRS, NoPreset
from catalogue.importing.reading.readers import Broken
from catalogue.models import Import, Pair
from inference.models import ImportedPrediction
from tests.catalogue.importing.shapes.reading import faults_of, look_at, rows_of, values_of
from tests.catalogue.importing.test_import_commands import run

DATA = {"query": "red mug", "item_id": "m1", "title": "Red mug", "model": "K2"}


def answer(label: Any, name: str = "rel", kind: str = "choices") -> dict[str, Any]:
    return {"from_name": name, "to_name": "t", "type": kind, "value": {kind: [label] if kind == "choices" else label}}


TASK = {
    "id": 7,
    "data": DATA,
    "annotations": [
        {"id": 1, "completed_by": 3, "result": [answer("L4")], "was_cancelled": False, "ground_truth": True},
        {"id": 2, "completed_by": {"id": 4, "email": "bob@example.invalid"}, "result": [answer("L2")]},
        {"id": 3, "completed_by": 5, "result": [], "was_cancelled": True},
    ],
    "predictions": [
        {"result": [answer("L3")], "score": 0.8, "model_version": "ranker-7"},
        {"result": [answer("L1")], "model_version": "ranker-8"},
    ],
}
UNSAID = {"id": 8, "data": {**DATA, "item_id": "m2"}, "annotations": [], "predictions": []}


def test_a_task_brings_what_people_and_models_answered_and_which_answer_is_true() -> None:
    rows = [row.values for row in rows_of([TASK, UNSAID]) if not isinstance(row, Broken)]
    assert rows == [
        {
            "data": DATA,
            "rel.ratings": [{"rater": "3", "label": "L4"}, {"rater": "bob@example.invalid", "label": "L2"}],
            "rel.gold": "L4",
            "rel.predictions": [
                {"label": "L3", "score": 0.8, "model": "ranker-7"},
                {"label": "L1", "model": "ranker-8"},
            ],
        },
        {"data": UNSAID["data"]},
    ]
    reason = "task 7, annotations[3]: cancelled: whoever had the task skipped it"
    assert faults_of([TASK, UNSAID]) == [(2, reason)]


@pytest.mark.parametrize("lines", [False, True])
def test_a_label_studio_export_goes_in_by_one_command(db: None, tmp_path: Path, *, lines: bool) -> None:
    path = tmp_path / "project-1"
    tasks = [TASK, UNSAID]
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks) if lines else json.dumps(tasks, indent=1))
    status, told, _err = run("import_pairs", path, "--project", "mugs", "--create", "--licence", "CC0-1.0")
    counts = {name: told[name] for name in ("read", "new", "rejected", "gold", "ratings", "predictions")}
    assert (status, counts) == (0, {"read": 3, "new": 2, "rejected": 1, "gold": 1, "ratings": 2, "predictions": 2})
    assert Import.objects.get().preset == "label_studio"
    said = set(Judgment.objects.values_list("judge__rater", "label"))
    assert said == {("3", "L4"), ("bob@example.invalid", "L2")}
    models = ImportedPrediction.objects.order_by("place").values_list("model_name", "label", "score")
    assert list(models) == [("ranker-7", "L3", 0.8), ("ranker-8", "L1", None)]
    assert Pair.objects.get(external_id="", item__external_id="m1").item.current_snapshot is not None


def test_ratings_in_stars_are_read_and_several_choices_at_once_are_none() -> None:
    task = copy.deepcopy(TASK)
    task["annotations"] = [
        {"completed_by": 1, "result": [answer(3, kind="rating")]},
        {"completed_by": 2, "result": [{**answer("x"), "value": {"choices": ["L1", "L4"]}}]},
        {"completed_by": 3, "result": [{"from_name": "note", "type": "textarea", "value": {"text": ["hm"]}}]},
        "nothing",
    ]
    task["predictions"] = []
    rows = rows_of([task])
    assert next(row.values for row in rows if not isinstance(row, Broken))["rel.ratings"] == [
        {"rater": "1", "label": 3}
    ]
    assert [reason for _number, reason in faults_of([task])] == [
        "task 7, annotations[2]: several choices at once, or none",
        "task 7, annotations[2]: no answer that can be a label",
        "task 7, annotations[3]: no answer that can be a label",
        "task 7, annotations[4]: no object",
    ]


def test_of_two_answers_of_one_person_the_later_stands_and_the_other_is_listed() -> None:
    said = [{"completed_by": 3, "result": [answer(label)]} for label in ("L4", "L4", "L1")]
    task = {**TASK, "annotations": said, "predictions": []}
    assert next(row.values for row in rows_of([task]) if not isinstance(row, Broken))["rel.ratings"] == [
        {"rater": "3", "label": "L1"}
    ]
    assert faults_of([task]) == [(2, "task 7, annotations[3]: 3 had answered the task before; the later answer stands")]


def test_the_later_answer_is_later_in_time_not_in_the_list() -> None:
    said = [
        {"completed_by": 3, "result": [answer(label)], "created_at": f"2026-{month}-01T00:00:00Z"}
        for month, label in (("03", "L4"), ("01", "L1"))
    ]
    task = {**TASK, "annotations": said, "predictions": []}
    assert next(row.values for row in rows_of([task]) if not isinstance(row, Broken))["rel.ratings"] == [
        {"rater": "3", "label": "L4"}
    ]


def test_answers_to_several_questions_need_to_be_told_which_is_the_label(db: None, tmp_path: Path) -> None:
    both = [answer("L4"), answer("good", "style")]
    tasks = [{**TASK, "annotations": [{"completed_by": 3, "result": both}], "predictions": []}]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks))
    asked = ["--project", "mugs", "--create", "--licence", "CC0-1.0"]
    told = run("import_pairs", path, *asked)[1]["error"]
    assert "rel, style" in told and '--column "rel.ratings=ratings"' in told
    assert meaning_of(look_at(tasks), PAIRS)[1].get("rel.ratings") is None, "on the page a person says it"
    assert run("import_pairs", path, *asked, "--column", "rel.ratings=ratings")[1]["ratings"] == 1


TABLE = (
    b"annotation_id,annotator,created_at,id,item_id,lead_time,query,rel,title,updated_at\n"
    b"7,3,2026-01-01,1,m1,4.2,red mug,L4,Red mug,2026-01-01\n"
    b"8,4,2026-01-01,1,m1,4.0,red mug,L2,Red mug,2026-01-01\n"
)


def test_a_table_of_annotations_is_a_rating_a_row_and_never_the_last_ones_gold(db: None, tmp_path: Path) -> None:
    path = tmp_path / "annotations.csv"
    path.write_bytes(TABLE)
    told = run("import_pairs", path, "--project", "mugs", "--create", "--licence", "CC0-1.0")[1]
    assert (told["read"], told["new"], told["ratings"], told["gold"]) == (2, 1, 2, 0)
    assert set(Judgment.objects.values_list("judge__rater", "label")) == {("3", "L4"), ("4", "L2")}
    assert not Gold.objects.exists() and Import.objects.get().preset == "label_studio_csv"


def test_the_flat_json_of_annotations_is_the_same_table_and_unwraps_what_the_tool_wraps() -> None:
    row = {"id": 1, "annotation_id": 7, "annotator": 3, "lead_time": 1.5, "created_at": "", "updated_at": "", **DATA}
    rows = [{**row, "rel": label} for label in ("L4", {"choices": ["L4"]}, '[{"rating": 3}]', {"choices": ["a", "b"]})]
    assert [one["rel"] for one in values_of(rows)] == ["L4", "L4", 3, {"choices": ["a", "b"]}]
    found, meaning = meaning_told(look_at(rows), PAIRS, {})
    assert found is not None and (found.name, meaning["rel"], meaning["annotator"]) == (
        "label_studio_csv",
        "label",
        "rater",
    )
    assert "id" not in meaning, "the number of the task is no item"
    with pytest.raises(NoPreset, match="rel, style"):
        meaning_told(look_at([{**one, "style": "good"} for one in rows]), PAIRS, {})
    told = meaning_told(look_at([{**one, "style": "good"} for one in rows]), PAIRS, {"rel": "label"})[1]
    assert told["rel"] == "label" and "style" not in told


RECORD = {
    "id": "r1",
    "status": "completed",
    "fields": {"query": "red mug", "title": "Red mug"},
    "metadata": {"item_id": "m1"},
    "responses": {
        "relevance": [
            {"value": "L4", "user_id": "u1"},
            {"value": "L2", "user_id": "u2", "status": "submitted"},
            {"value": "L1", "user_id": "u3", "status": "discarded"},
        ]
    },
    "suggestions": {"relevance": {"value": "L3", "score": 0.7, "agent": "ranker-7"}},
}
SAID = {
    "relevance.ratings": [{"rater": "u1", "label": "L4"}, {"rater": "u2", "label": "L2"}],
    "relevance.predictions": [{"label": "L3", "score": 0.7, "model": "ranker-7"}],
}
OLDER = {
    "id": "r1",
    "fields": RECORD["fields"],
    "metadata": RECORD["metadata"],
    "responses": [
        {"user_id": "u1", "values": {"relevance": {"value": "L4"}}, "status": "submitted"},
        {"user_id": "u2", "values": {"relevance": {"value": "L2"}}, "status": "submitted"},
        {"user_id": "u3", "values": {"relevance": {"value": "L1"}}, "status": "discarded"},
    ],
    "suggestions": [{"question_name": "relevance", "value": "L3", "score": 0.7, "agent": "ranker-7"}],
}


@pytest.mark.parametrize("record", [RECORD, OLDER], ids=["by question", "by response"])
def test_an_argilla_record_brings_submitted_responses_and_suggestions(record: dict[str, Any]) -> None:
    line = json.dumps(record).encode() + b"\n"
    expected = {"fields": RECORD["fields"], "metadata": RECORD["metadata"], **SAID}
    assert [row.values for row in rows_of(line) if not isinstance(row, Broken)] == [expected]
    [(number, reason)] = faults_of(line)
    assert number == 2 and reason.startswith("record r1, relevance.responses[") and "not submitted: discarded" in reason


def parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)  # type: ignore[no-untyped-call]
    return file.getvalue()


def test_an_argilla_set_from_the_hub_brings_the_same(db: None, tmp_path: Path) -> None:
    row = {
        "id": "r1",
        "query": "red mug",
        "title": "Red mug",
        "item_id": "m1",
        "relevance.responses": ["L4", "L2"],
        "relevance.responses.users": ["u1", "u2"],
        "relevance.responses.status": ["submitted", "submitted"],
        "relevance.suggestion": "L3",
        "relevance.suggestion.score": 0.7,
        "relevance.suggestion.agent": "ranker-7",
    }
    path = tmp_path / "train.parquet"
    path.write_bytes(
        parquet([row, {**row, "item_id": "m2", "relevance.responses": None, "relevance.suggestion": None}])
    )
    assert values_of(path.read_bytes(), "x.parquet")[0] == {
        **{name: row[name] for name in ("id", "query", "title", "item_id")},
        **SAID,
    }
    told = run("import_pairs", path, "--project", "mugs", "--create", "--licence", "CC0-1.0")[1]
    assert (told["new"], told["ratings"], told["predictions"], told["gold"]) == (2, 2, 1, 0)
    assert Import.objects.get().preset == "argilla" and Judge.objects.filter(rater="u2").exists()
