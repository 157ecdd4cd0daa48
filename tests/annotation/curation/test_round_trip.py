"""What an export of labels says comes back: exported, imported into an empty project and exported again, it says the same but
for ids, days, splits and what only this installation may say.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from annotation.curation import exporting
from annotation.models import Citation, Export, Gold, Judgment
from catalogue.models import Import, Item, Query, Rejection
from inference.models import ImportedPrediction
from jobs import leasing
from projects.models import Project
from relevance.spreadsheets import plain_cell, safe_cell
from rules.models import RuleVersion
from tests.catalogue.importing.test_import_commands import run
from tests.conftest import Cast
from tests.world.rows import make_import, make_item, make_judgment, make_pair, make_prediction, make_rule_base

OF_HERE = ("pair", "snapshot", "gold", "ground", "prediction", "prediction_label", "model", "rule_base")


def exported(slug: str, folder: Path, kind: str = "labels") -> Path:
    export = exporting.request_export(Project.objects.get(slug=slug), kind, None)
    token = leasing.claim(Export, export.pk)
    assert token is not None
    exporting.work(export.pk, token)
    export.refresh_from_db()
    exporting.copy_to(export, folder)
    return folder / f"{kind}.jsonl"


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without ids and days; what one judge said of each pair stands for the judge, whose name is another in each export."""
    said: dict[str, list[Any]] = {}
    for row in rows:
        for one in row["judgments"]:
            said.setdefault(one["judge"], []).append([row["query"], row["locale"], row["item_id"], one["label"]])
    names = {judge: json.dumps(sorted(pairs)) for judge, pairs in said.items()}
    left = []
    for row in rows:
        judgments = [{**one, "judge": names[one["judge"]], "judgment": 0, "day": ""} for one in row["judgments"]]
        told = {name: value for name, value in row.items() if name not in OF_HERE}
        models = sorted(row["predictions"], key=json.dumps)
        left.append({**told, "judgments": sorted(judgments, key=json.dumps), "predictions": models})
    return sorted(left, key=lambda row: (row["query"], row["locale"], row["item_id"]))


def test_all_that_an_export_may_say_comes_back(project: Project, cast: Cast, tmp_path: Path) -> None:
    batch = make_import(project=project, attribution="the shop")
    item = make_item(
        project=project,
        batch=batch,
        locale="en-GB",
        title="=1+1 mug",
        category="home > mugs",
        cpv=[["colour", "red"], ["colour", "rot"]],
        skus=[{"code": "1", "name": "L", "attributes": [["size", "L"]]}],
        shop="Kiln",
        description="one\ntwo",
        selling_points=["light", "cheap"],
        price="12.50",
        image_addresses=["https://pictures.example/1.webp"],
    )
    golden = make_pair(project=project, query="@red mug", item=item, batch=batch, locale="en-GB", external_id="p1")
    golden.golds.create(label="L2", mismatch="colour", ground="import", batch=batch, snapshot_id=item.snapshot_now)
    make_prediction(pair=golden, label="L3")
    first = make_judgment(pair=golden, by=cast.ben, label="L2", mode="assist", note="blue, not red", late=True)
    Citation.objects.create(judgment=first, version=RuleVersion.objects.get())
    make_judgment(pair=golden, by="r1", label="L4")
    unsure = make_pair(project=project, query="cup", batch=batch)
    make_judgment(pair=unsure, by=cast.ben, label="L1", mode="blind", no_rule_fits=True)
    make_judgment(pair=unsure, by="r1", label="", outcome="cannot_tell", mismatch="")

    path = exported(project.slug, tmp_path / "first")
    status, told, _err = run("import_pairs", path, "--project", "empty", "--create")
    assert (status, told["new"], told["rejected"], told["gold"], told["ratings"]) == (0, 2, 0, 1, 4)
    batch = Import.objects.get(project__slug="empty")
    assert (batch.preset, batch.source, batch.licence) == ("lore_labels", "tests", "CC0-1.0")
    again = exported("empty", tmp_path / "second")
    assert comparable(rows_of(again)) == comparable(rows_of(path))
    assert ImportedPrediction.objects.get().label == "L3"
    assert Judgment.objects.get(judge__project__slug="empty", note="blue, not red").mode == "assist"
    assert run("import_pairs", path, "--project", "empty")[1] | {"report": None} == {
        **dict.fromkeys(told, 0),
        "read": 2,
        "known": 2,
        "report": None,
    }


def test_gold_of_a_consensus_comes_back_by_the_ratings_that_agree(project: Project, cast: Cast, tmp_path: Path) -> None:
    pair = make_pair(project=project, query="cup", batch=make_import(project=project))
    agreeing = [make_judgment(pair=pair, by=who, label="L4") for who in (cast.ben, cast.ana)]
    ids = [one.pk for one in agreeing]
    pair.golds.create(label="L4", ground="consensus", judgments=ids, snapshot_id=pair.item.snapshot_now)
    path = exported(project.slug, tmp_path / "first")
    run("import_pairs", path, "--project", "empty", "--create")
    gold = Gold.objects.get(pair__project__slug="empty")
    assert (gold.label, gold.ground) == ("L4", "consensus")


def test_a_rule_that_is_not_here_is_listed_and_its_rating_goes_in(project: Project, cast: Cast, tmp_path: Path) -> None:
    pair = make_pair(project=project, query="cup", batch=make_import(project=project))
    cited = make_judgment(pair=pair, by=cast.ben, label="L4")
    make_rule_base()
    Citation.objects.create(judgment=cited, version=RuleVersion.objects.get())
    path = exported(project.slug, tmp_path / "first")
    path.write_text(path.read_text().replace("R-001 v1", "R-999 v3"))
    told = run("import_pairs", path, "--project", "empty", "--create")[1]
    assert (told["ratings"], told["rejected"]) == (1, 0)
    assert "R-999 v3" in Rejection.objects.get().reason and Citation.objects.count() == 1


def test_a_table_of_ours_comes_back_without_the_apostrophes_that_guard_formulas(tmp_path: Path, db: None) -> None:
    path = tmp_path / "cells.csv"
    texts = ["=cmd", "'=cmd", "'90s mug", "-5 degree bag", "mug"]
    lines = [["query", "item_id", "title", "label"], *([text, f"m{n}", text, "L4"] for n, text in enumerate(texts))]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    run("import_pairs", path, "--project", "shop", "--create", "--licence", "CC0-1.0")
    exported("shop", tmp_path / "out")
    table = (tmp_path / "out/labels.csv").read_bytes()
    assert "'=cmd" in table.decode("utf-8-sig")
    told = run("import_pairs", tmp_path / "out/labels.csv", "--project", "empty", "--create")[1]
    assert (told["new"], told["gold"], told["rejected"]) == (5, 5, 0)
    assert set(Query.objects.filter(project__slug="empty").values_list("text", flat=True)) == set(texts)
    titles = Item.objects.filter(project__slug="empty").values_list("current_snapshot__title", flat=True)
    assert set(titles) == set(texts)
    assert table.startswith(b"format,")


def test_a_table_of_ours_leaves_what_items_say_that_are_there(project: Project, cast: Cast, tmp_path: Path) -> None:
    batch = make_import(project=project)
    item = make_item(project=project, batch=batch, category="home > mugs", description="a mug")
    pair = make_pair(project=project, query="cup", item=item, batch=batch)
    pair.golds.create(label="L4", ground="import", batch=batch, snapshot_id=item.snapshot_now)
    exported(project.slug, tmp_path / "out")
    table = tmp_path / "out/labels.csv"
    table.write_text(table.read_text().replace(",L4,", ",L1,"))
    told = run("import_pairs", table, "--project", project.slug)[1]
    assert (told["known"], told["changed"]) == (1, 0)
    item.refresh_from_db()
    assert item.snapshot_now == item.snapshots.get().pk


@given(st.text(st.sampled_from("'=+-@ a\t\u2212\ufeff")) | st.text())
def test_what_guards_a_cell_is_taken_off_again_and_nothing_else(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text


def test_round_trip_of_the_chorus_set(db: None, shared_data: Path, tmp_path: Path, figures: Any) -> None:
    """2,317 pairs have three raters: 2,317 x 3 = 6,951 ratings."""
    run("import_pairs", shared_data / "chorus_electronics/pairs.jsonl.gz", "--project", "first", "--create")
    said = {"model_name": "ranker-7", "file_sha256": "0" * 64, "row": 1, "place": 0}
    batch = Import.objects.get()
    for gold in Gold.objects.select_related("pair", "snapshot").order_by("pk")[:300]:
        values = {"pair": gold.pair, "snapshot": gold.snapshot, "batch": batch, "label": gold.label, "score": 0.5}
        ImportedPrediction.objects.create(**values, **said)
    make_rule_base()
    version = RuleVersion.objects.get()
    cited = Judgment.objects.order_by("pk")[:300]
    Citation.objects.bulk_create(Citation(judgment=one, version=version) for one in cited)
    path = exported("first", tmp_path / "first")
    status, told, _err = run("import_pairs", path, "--project", "second", "--create")
    counts = tuple(told[name] for name in ("read", "new", "rejected", "gold", "ratings", "predictions"))
    assert (status, *counts) == (0, 2723, 2723, 0, 2723, 6951, 300)
    first, second = rows_of(path), rows_of(exported("second", tmp_path / "second"))
    assert comparable(second) == comparable(first)
    assert Citation.objects.count() == 600
    figures("round trip", pairs=len(second), ratings=sum(len(row["judgments"]) for row in second), differing=0)
