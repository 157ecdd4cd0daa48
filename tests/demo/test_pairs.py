"""The demo's pairs: enough of every kind to look at, in the product's own import form, each picture there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from PIL import Image

from catalogue.importing.meaning.presets import OWN
from demo.pairs import FOLDER, rows, write
from relevance.dimensions import Dimension

ROWS = list(rows())
GOLD = [row for row in ROWS if row["label"]]
ITEMS = {row["item_id"]: row for row in ROWS}
QUERIES = {row["query"]: row for row in ROWS}


def test_there_is_enough_to_look_at() -> None:
    assert len(QUERIES) >= 44 and len(ROWS) >= 260 and len(ITEMS) >= 70
    languages = Counter(row["locale"] for row in QUERIES.values())
    assert 0.25 <= languages["zh"] / len(QUERIES) <= 0.4
    assert set(Counter(row["query"] for row in ROWS).values()) <= {5, 6, 7, 8}
    assert {"little black dress", "wellies for kids", "车厘子色 连衣裙", "奶茶色抱枕"} <= set(QUERIES)


def test_a_quarter_is_gold_of_every_label_and_most_pairs_wait_for_people() -> None:
    assert 0.2 <= len(GOLD) / len(ROWS) <= 0.3
    assert {row["label"] for row in GOLD} == {"L1", "L2", "L3", "L4"}
    assert sum(not row["label"] and not row["ratings"] for row in ROWS) >= 150


def test_only_a_mismatch_names_a_dimension() -> None:
    for row in GOLD:
        assert (row["mismatch"] in {one.value for one in Dimension}) == (row["label"] == "L2")


def test_raters_agree_mostly_and_differ_now_and_then() -> None:
    rated = [row["ratings"] for row in ROWS if row["ratings"]]
    assert 50 <= len(rated) <= 90
    assert all(2 <= len({one["rater"] for one in ratings}) == len(ratings) <= 3 for ratings in rated)
    split = sum(len({one["label"] for one in ratings}) > 1 for ratings in rated)
    assert 0.12 <= split / len(rated) <= 0.35
    assert any(row["ratings"] for row in GOLD)


def test_benchmark_queries_are_a_tenth_and_wholly_gold() -> None:
    assert 0.08 <= sum(row["benchmark"] for row in QUERIES.values()) / len(QUERIES) <= 0.12
    assert all(row["label"] for row in ROWS if row["benchmark"])


def test_rows_are_of_our_own_import_form_and_each_pair_stands_once() -> None:
    assert set(ROWS[0]) <= set(OWN)
    assert len({(row["query"], row["item_id"]) for row in ROWS}) == len(ROWS)
    assert len({row["pair_id"] for row in ROWS}) == len(ROWS)


def test_an_item_speaks_one_language_and_its_variants_have_codes_of_their_own() -> None:
    for row in ITEMS.values():
        names = [*row["attributes"], *(name for sku in row["skus"] for name in sku["attributes"])]
        assert len({row["category"].isascii(), *(name.isascii() for name in names)}) == 1
    codes = [sku["sku"] for row in ITEMS.values() for sku in row["skus"]]
    assert len(codes) == len(set(codes))


def test_what_is_written_holds_every_row_and_the_picture_of_every_item(tmp_path: Path) -> None:
    write(tmp_path)
    lines = (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == ROWS
    named = sorted({name for row in ROWS for name in row["images"]})
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == named
    for name in named:
        with Image.open(tmp_path / "images" / name) as picture:
            assert (picture.size, picture.format) == ((640, 640), "WEBP")


def test_what_is_shipped_stays_below_a_megabyte() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.suffix in {".json", ".webp"}) < 1_000_000
