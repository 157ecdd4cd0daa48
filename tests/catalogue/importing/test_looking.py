"""A look says what an import would do, by the code that does it, and leaves nothing behind."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage

from catalogue.importing import running, taking_in
from catalogue.importing.opening import ImportFile
from catalogue.importing.report import ImportReport
from catalogue.importing.storing import ImportCounts
from catalogue.models import Import
from projects.models import Project
from tests.catalogue.importing.test_import_commands import run
from tests.catalogue.importing.test_importing import claimed, lines
from tests.picture_servers import picture

TOLD = "Its cells are divided by: comma. A cell may stand in quotes."
FILE = {"name": "pairs.csv", "format": "csv", "encoding": "", "sheet": "", "shape": "", "told": TOLD}
ARGUMENTS = ("--project", "mugs", "--create", "--licence", "CC0-1.0")
CSV = """query,item_id,title,label,shelf,image
red mug,m1,Red mug,L4,A,one.jpg
red mug,m2,Blue mug,L1,B,https://pictures.example/2.jpg
,m3,Pot,L1,C,
red mug,m4,,L4,C,
red mug,m1,Red mug of clay,L4,A,data:image/png;base64
"""


def everything() -> tuple[dict[str, int], set[str]]:
    """How many rows each table has, and all files of the storage."""
    counts = {model._meta.db_table: model._base_manager.count() for model in apps.get_models()}
    folder = Path(default_storage.path(""))
    return counts, {str(path) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_text(CSV)
    return path


def reports(path: Path, *arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the look, and of the import after it."""
    looked = run("import_pairs", path, *ARGUMENTS, *arguments, "--look")[1]
    return looked["report"], run("import_pairs", path, *ARGUMENTS, *arguments)[1]["report"]


def test_a_look_stores_nothing_not_even_the_project(db: None, faulty: Path, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(picture())
    before, meaning = everything(), ("--column", "image=images")
    status, answer, _err = run("import_pairs", faulty, *ARGUMENTS, *meaning, "--images", tmp_path, "--look")
    assert (status, answer["look"], answer["new"]) == (0, True, 2)
    assert answer["report"]["pictures"]["had"] == 1
    assert everything() == before and not Project.objects.exists()


def test_look_and_import_of_a_file_say_the_same(db: None, faulty: Path) -> None:
    looked, imported = reports(faulty, "--column", "image=images")
    assert looked == imported == Import.objects.get().report
    assert looked["whole"]


def test_a_report_tells_columns_labels_rows_and_pictures(db: None, faulty: Path) -> None:
    report = reports(faulty, "--column", "image=images")[1]
    assert report["files"] == [FILE]
    columns = {one["name"]: (one["becomes"], one["examples"]) for one in report["columns"]}
    assert list(columns) == ["query", "item_id", "title", "label", "shelf", "image"]
    assert columns["title"] == ("title", ["Red mug", "Blue mug", "Pot"])
    assert (columns["shelf"], report["unread"]) == (("", ["A", "B", "C"]), ["shelf"])
    assert [(one["value"], one["label"], one["rows"]) for one in report["labels"]] == [("L4", "L4", 2), ("L1", "L1", 1)]
    assert [(one["field"], one["rows"], one["first"]) for one in report["rejections"]] == [
        ("query", 1, [3]),
        ("title", 1, [4]),
    ]
    assert report["contradicted"] == 1 and report["contradicted_first"] == [{"row": 5, "item": "m1"}]
    pictures = report["pictures"]
    assert [pictures[name] for name in ("named", "had", "by_address", "missing")] == [3, 0, 1, 2]
    assert [one["example"] for one in pictures["why"]] == ["one.jpg", "data:image/png;base64"]
    assert pictures["hosts"] == [{"host": "pictures.example", "pictures": 1, "listed": False}]


def test_a_look_of_what_is_there_already_knows_it(db: None, faulty: Path) -> None:
    run("import_pairs", faulty, *ARGUMENTS)
    looked, imported = reports(faulty)
    assert looked == imported
    assert [looked["counts"][name] for name in ("new", "known", "rejected", "gold")] == [0, 3, 2, 0]


def test_where_nothing_would_go_in_a_look_fails_with_the_reason(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("query,item_id,title\nred mug,m1,\nred mug,m2,\n")
    status, answer, _err = run("import_pairs", path, *ARGUMENTS, "--look")
    assert (status, answer["code"], answer["rejected"]) == (1, "title_rejected", 2)
    assert "missing" in answer["error"] and not Import.objects.exists()


def test_a_file_that_breaks_off_is_told_with_the_rows_before_it(db: None, tmp_path: Path) -> None:
    text = "query,item_id,title\n" + "".join(f"red mug,m{n},Mug {n * n * 7919 % 10007}\n" for n in range(20_000))
    path = tmp_path / "pairs.csv.gz"
    path.write_bytes(gzip.compress(text.encode())[:-20_000])
    status, answer, _err = run("import_pairs", path, *ARGUMENTS, "--look")
    assert (status, answer["code"]) == (1, "unreadable_file")
    assert answer["report"]["stopped"] == answer["error"] and 0 < answer["new"] < 20_000


def test_a_column_of_later_rows_is_told_with_the_row_that_has_it_first(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [{"query": "mug", "item_id": f"m{n}", "title": "Mug"} for n in range(900)]
    path.write_text("\n".join(json.dumps(row | ({"shelf": "A"} if row["item_id"] == "m800" else {})) for row in rows))
    looked, imported = reports(path)
    assert looked == imported
    assert looked["columns"][-1] == {"name": "shelf", "becomes": "", "row": 801, "after": "", "examples": ["A"]}


def test_hostile_texts_are_bounded_and_cannot_move_a_cursor(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    odd = "\x1b[2J\x00‮" + "x" * 50_000
    row = {
        "query": "mug",
        "item_id": "m1",
        "title": "Mug",
        "mismatch": odd,
        "shelf": odd,
        "images": [odd, {"link?": odd}],
    }
    wide = {f"{n}{odd[:300]}": n for n in range(400)}
    path.write_text("\n".join(map(json.dumps, (row, row | {"mismatch": "", "label": "L4"}, {"title": "Mug"} | wide))))
    _status, answer, err = run("import_pairs", path, *ARGUMENTS, "--look")
    assert len(json.dumps(answer["report"])) < 40_000
    assert "\\u0000" not in json.dumps(answer) and "\x1b" not in err and "‮" not in err
    assert answer["report"]["columns_left_out"]
    ImportReport.model_validate(answer["report"])


def test_a_look_stops_where_nobody_has_said_what_a_label_is(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"query": "mug", "item_id": f"m{n}", "title": "Mug", "label": label} for n, label in enumerate((3, "\x1b[2J‮"))
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    status, answer, err = run("import_pairs", path, *ARGUMENTS, "--look")
    assert (status, answer) == (2, {}) and "--map-label 3=" in err
    assert "\x1b" not in err and "‮" not in err
    assert not Project.objects.exists()


def test_values_of_many_kinds_have_their_cap_and_the_rest_is_counted(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [{"query": "mug", "item_id": f"m{n}", "title": "Mug", "mismatch": f"odd {n}"} for n in range(70)]
    path.write_text("\n".join(map(json.dumps, [*rows, {"query": "mug", "item_id": "m", "title": "Mug"}])))
    report = run("import_pairs", path, *ARGUMENTS, "--look")[1]["report"]
    assert len(report["rejections"]) == 50
    assert sum(one["rows"] for one in report["rejections"]) + report["rejections_others"] == 70


def test_an_import_that_is_taken_up_again_goes_on_with_its_report(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"".join(lines(n) for n in (3, 6, 8)) + b"{broken\n" + lines(2).replace(b"title", b"shelf")
    straight, token = claimed(project, data)
    running.work(straight.pk, token)
    straight.refresh_from_db()
    monkeypatch.setattr(taking_in, "CHUNK_ROWS", 2)
    other = Project.objects.create(slug="other", name="Other")
    batch, token = claimed(other, data)

    def die(_counts: ImportCounts, _bytes_read: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), default_storage.open(batch.stored_as) as file:
        running.run_import(batch, [ImportFile(batch.file_name, file)], token=token, on_progress=die)
    batch.refresh_from_db()
    assert batch.report["counts"]["read"] == 2
    running.work(batch.pk, token)
    batch.refresh_from_db()
    assert batch.report == straight.report and batch.report["counts"]["rejected"] == 3
