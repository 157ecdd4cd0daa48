from __future__ import annotations

import json
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotation.models import Gold, Judgment, Slot
from catalogue.models import Import, Pair, Rejection
from projects.models import Project

PAIRS_KEYS = [
    "read",
    "new",
    "known",
    "changed",
    "rejected",
    "gold",
    "ratings",
    "predictions",
    "replaced",
    "conflicts",
    "report",
]
ITEMS_KEYS = ["read", "new", "known", "changed", "rejected", "images", "replaced", "report"]


def run(command: str, *arguments: object) -> tuple[int, dict[str, Any], str]:
    """Exit status, the last line of stdout as JSON, and stderr."""
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command(command, *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    lines = out.getvalue().strip().splitlines()
    assert len(lines) <= 1, "stdout holds the answer and nothing else"
    return status, json.loads(lines[-1]) if lines else {}, err.getvalue()


def counts(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "report"}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_text("query,item_id,title,label\nred mug,m1,Red mug,L4\nred mug,m2,Blue mug,\n,m3,Pot,L1\n")
    return path


def test_it_works(db: None, pairs: Path) -> None:
    status, answer, err = run("import_pairs", pairs, "--project", "mugs", "--create", "--licence", "CC0-1.0")
    assert (status, err) == (0, "")
    assert list(answer) == PAIRS_KEYS
    assert counts(answer) == {
        "read": 3,
        "new": 2,
        "known": 0,
        "changed": 0,
        "rejected": 1,
        "gold": 1,
        "ratings": 0,
        "predictions": 0,
        "replaced": 0,
        "conflicts": 0,
    }
    assert Project.objects.get().scale_name == "lore-4"
    batch = Import.objects.get()
    assert (batch.state, batch.preset, batch.source, batch.licence) == ("done", "lore", "pairs.csv", "CC0-1.0")
    assert Rejection.objects.get().field == "query"


def test_create_on_an_existing_project_is_fine_and_a_second_import_adds_nothing(db: None, pairs: Path) -> None:
    for _ in range(2):
        status, answer, _err = run("import_pairs", pairs, "--project", "mugs", "--create")
    assert status == 0
    assert counts(answer) == {
        "read": 3,
        "new": 0,
        "known": 2,
        "changed": 0,
        "rejected": 1,
        "gold": 0,
        "ratings": 0,
        "predictions": 0,
        "replaced": 0,
        "conflicts": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--project", "nowhere"], "--create"),
        (["--project", "mugs", "--create", "--preset", "nonsense"], "nonsense"),
        (["--project", "mugs", "--create", "--scale", "stars-5"], "stars-5"),
        (["--project", "mugs", "--create", "--images", "/nowhere"], "folder"),
        (["--project", "mugs", "--create", "--column", "x=nonsense"], "FIELD"),
        (["--project", "mugs", "--create", "--column", "prise=price"], "no column prise"),
    ],
)
def test_what_cannot_be_done_says_why_and_leaves_nothing(db: None, pairs: Path, arguments: list[str], why: str) -> None:
    status, answer, _err = run("import_pairs", pairs, *arguments)
    assert status == 1 and why in answer["error"]
    assert not Project.objects.exists() and not Import.objects.exists()


def test_a_file_that_is_absent_or_no_table_is_an_error(db: None, tmp_path: Path) -> None:
    assert "no file" in run("import_pairs", tmp_path / "none", "--project", "x", "--create")[1]["error"]
    (tmp_path / "zip.jsonl").write_bytes(b"PK\x03\x04")
    assert "Archives" in run("import_pairs", tmp_path / "zip.jsonl", "--project", "x", "--create")[1]["error"]


def test_a_wrong_command_line_is_exit_2(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import_pairs", pairs)[0] == 2


def test_the_scale_of_the_file_must_be_the_projects(db: None, pairs: Path, tmp_path: Path) -> None:
    run("import_pairs", pairs, "--project", "mugs", "--create")
    other = tmp_path / "esci.jsonl"
    other.write_text('{"query": "mug", "item_id": "1", "title": "Mug", "label": "Exact", "label_scale": "esci-4"}\n')
    status, answer, _err = run("import_pairs", other, "--project", "mugs")
    assert status == 1 and "lore-4" in answer["error"] and "esci-4" in answer["error"]
    assert run("import_pairs", other, "--project", "mugs", "--map-label", "exact=L3")[1]["new"] == 1
    assert Pair.objects.get(item__external_id="1").gold_label == "L3"


GRADES = "query,item_id,title,label\nmug,m1,Red mug,3\nmug,m2,Pot,3.0\nmug,m3,Jug,2\nmug,m4,Cup,n.a.\n"


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(GRADES)
    return path


@pytest.mark.parametrize("there", [True, False])
def test_grades_without_a_scale_stop_before_anything_is_founded_and_say_the_options_to_fill(
    db: None, pairs: Path, grades: Path, there: bool
) -> None:
    if there:
        run("import_pairs", pairs, "--project", "mugs", "--create")
    before = [model.objects.count() for model in (Project, Import, Pair)]
    status, answer, err = run("import_pairs", grades, "--project", "mugs", "--create")
    assert (status, answer) == (2, {})
    assert "  3          2" in err and "  n.a.       1" in err
    assert "--map-label 3= --map-label 2= --map-label n.a.=" in err
    assert [model.objects.count() for model in (Project, Import, Pair)] == before


def test_grades_that_the_call_explains_go_in_and_the_mapping_is_kept(db: None, grades: Path) -> None:
    told = ["--map-label", "3=L4", "--map-label", "2=related", "--map-label", "n.a.="]
    status, answer, _err = run("import_pairs", grades, "--project", "mugs", "--create", *told)
    assert (status, answer["new"], answer["rejected"], answer["gold"]) == (0, 4, 0, 3)
    assert dict(Pair.objects.values_list("item__external_id", "gold_label")) == {
        "m1": "L4", "m2": "L4", "m3": "L3", "m4": "",
    }  # fmt: skip
    kept = Import.objects.get().mapping
    assert (kept["labels"], kept["labels_by"]) == ({"3": "L4", "2": "L3", "n.a.": ""}, "call")
    assert kept["label_counts"] == {"3": 2, "2": 1, "n.a.": 1}


def test_a_scale_named_in_the_call_must_read_every_value(db: None, grades: Path) -> None:
    status, _answer, err = run("import_pairs", grades, "--project", "mugs", "--create", "--scale", "chorus-4")
    assert status == 2 and "--map-label n.a.=" in err and "--map-label 3=" not in err
    told = ["--scale", "chorus-4", "--map-label", "n.a.="]
    assert run("import_pairs", grades, "--project", "mugs", "--create", *told)[1]["gold"] == 3


def test_a_value_that_comes_late_in_a_file_stops_it_as_well(db: None, tmp_path: Path) -> None:
    rows = [{"query": "mug", "item_id": str(n), "title": "Mug", "label": "L4"} for n in range(1000)]
    rows[-1]["label"] = "1"
    path = tmp_path / "late.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("import_pairs", path, "--project", "mugs", "--create")[0] == 2
    assert not Project.objects.exists()


def test_the_options_to_fill_may_be_pasted_whatever_the_values_are(db: None, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    values = [-1, "it's", "a b", "a=b", "--scale", "好"]
    path.write_text(
        "".join(
            json.dumps({"query": "mug", "item_id": str(n), "title": "Mug", "label": value}) + "\n"
            for n, value in enumerate(values)
        )
    )
    _status, _answer, err = run("import_pairs", path, "--project", "mugs", "--create")
    line = next(line for line in err.splitlines() if line.startswith("  --map-label"))
    told = [f"{part}L4" if part.endswith("=") else part for part in shlex.split(line)]
    assert run("import_pairs", path, "--project", "mugs", "--create", *told)[1]["gold"] == len(values)


def test_what_is_no_label_of_the_project_is_refused(db: None, grades: Path) -> None:
    for wrong, why in (("3=5", "'5' is not a label of scale lore-4"), ("=L4", "VALUE=LABEL"), ("3", "VALUE=LABEL")):
        status, answer, _err = run("import_pairs", grades, "--project", "mugs", "--create", "--map-label", wrong)
        assert status == 1 and why in answer["error"]
    assert not Project.objects.exists()


def test_foreign_columns_can_be_named_on_the_command_line(db: None, tmp_path: Path) -> None:
    path = tmp_path / "foreign.csv"
    path.write_text("keyword,sku,name\nmug,1,Red mug\n")
    assert run("import_pairs", path, "--project", "mugs", "--create")[0] == 1
    named = ["--column", "keyword=query", "--column", "sku=item_id", "--column", "name=title"]
    status, answer, err = run("import_pairs", path, "--project", "mugs", "--create", *named)
    assert (status, answer["new"]) == (0, 1)
    assert "--licence" in err


def test_judge_gold_gives_slots_to_pairs_with_gold(db: None, pairs: Path) -> None:
    run("import_pairs", pairs, "--project", "mugs", "--create", "--judge-gold")
    assert Slot.objects.count() == 4  # 2 pairs, overlap 2


REAL = [
    # file, project's scale, answer of the first import
    ("chorus_electronics/pairs.jsonl.gz", "chorus-4", (2723, 2723, 0, 0, 0, 2723, 6951)),  # 2,317 pairs x 3 raters
    ("esci/pairs.jsonl.gz", "esci-4", (184, 184, 0, 0, 0, 184, 0)),
    ("wands_graded/pairs.jsonl.gz", "wands-3", (267, 267, 0, 0, 0, 267, 0)),
    ("wands_binary/pairs.jsonl.gz", "binary", (2222, 2222, 0, 0, 0, 2222, 0)),
    ("wands_multirater/pairs.jsonl.gz", "binary", (45, 45, 0, 0, 0, 45, 135)),  # 45 pairs x 3 raters
]


@pytest.mark.parametrize(("path", "scale", "counts"), REAL, ids=[row[0].split("/")[0] for row in REAL])
def test_the_real_sets_go_in_and_a_second_import_adds_nothing(
    db: None, shared_data: Path, path: str, scale: str, counts: tuple[int, ...]
) -> None:
    status, answer, _err = run("import_pairs", shared_data / path, "--project", "real", "--create")
    assert status == 0
    assert tuple(answer[name] for name in PAIRS_KEYS[:8]) == (*counts, 0)
    assert Project.objects.get().scale_name == scale
    again = run("import_pairs", shared_data / path, "--project", "real", "--create")[1]
    assert tuple(again[name] for name in PAIRS_KEYS[:8]) == (counts[0], 0, counts[1], 0, counts[4], 0, 0, 0)
    assert (Gold.objects.count(), Judgment.objects.count()) == counts[5:]


def test_real_labels_without_their_items_are_refused_before_anything_is_kept(db: None, shared_data: Path) -> None:
    labels = shared_data / "esci_labels_only/labels.jsonl.gz"
    status, answer, _err = run("import_pairs", labels, "--project", "real", "--create")
    assert status == 1 and "import the catalogue first" in answer["error"]
    assert not Import.objects.exists()


def test_icecat_attribution_comes_with_the_preset(db: None, shared_data: Path) -> None:
    run("import_pairs", shared_data / "chorus_electronics/pairs.jsonl.gz", "--project", "real", "--create")
    assert Import.objects.get().attribution == "product data sourced from Icecat, Open Content License"


def test_items_answer_with_their_pictures(db: None, shared_data: Path) -> None:
    arguments = [shared_data / "catalog/saleor_products.jsonl", "--project", "shop", "--create"]
    status, answer, _err = run("import_items", *arguments, "--images", shared_data / "photos")
    assert status == 0 and list(answer) == ITEMS_KEYS
    assert counts(answer) == {
        "read": 32,
        "new": 32,
        "known": 0,
        "changed": 0,
        "rejected": 0,
        "images": 47,
        "replaced": 0,
    }
    assert run("import_items", *arguments)[1]["known"] == 32
