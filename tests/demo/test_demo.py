"""The demo says of itself only what is true of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from demo.catalogue import COLOURS, KINDS, DemoItem, items
from demo.drawing import draw, places
from demo.pairs import WISHES, image_names, rows, truth, write
from relevance.dimensions import Dimension

ROWS = list(rows())
BY_ID = {item.item_id: item for item in items()}
WISH = {wish.text: wish for wish in WISHES}


def test_there_is_enough_to_look_at() -> None:
    assert len(WISHES) >= 40
    assert len(ROWS) >= 240
    assert len({row["item_id"] for row in ROWS}) >= 70
    assert len(KINDS) >= 12
    assert {wish.locale for wish in WISHES} == {"en", "zh"}
    assert sum(1 for row in ROWS if not row["label"] and not row["ratings"]) >= 150


def test_gold_is_true_of_the_items() -> None:
    for row in ROWS:
        if row["label"]:
            assert (row["label"], row["mismatch"] or "") == truth(WISH[row["query"]], BY_ID[row["item_id"]])


def test_a_colour_mismatch_has_another_colour() -> None:
    found = [row for row in ROWS if row["mismatch"] == "colour"]
    assert found
    for row in found:
        wanted = COLOURS[WISH[row["query"]].colour].family
        assert COLOURS[BY_ID[row["item_id"]].colour].family != wanted


def test_mismatches_are_named_by_dimension() -> None:
    named = {row["mismatch"] for row in ROWS if row["label"] == "L2"}
    assert named <= {dimension.value for dimension in Dimension}
    assert all(row["mismatch"] is None for row in ROWS if row["label"] != "L2")


def test_every_label_occurs() -> None:
    counted = Counter(truth(WISH[row["query"]], BY_ID[row["item_id"]])[0] for row in ROWS)
    assert min(counted[label] for label in ("L1", "L2", "L3", "L4")) >= 25


def test_some_raters_disagree() -> None:
    rated = [row["ratings"] for row in ROWS if row["ratings"]]
    assert len(rated) >= 40
    assert 5 <= sum(len({one["label"] for one in ratings}) > 1 for ratings in rated) <= len(rated) / 2


def test_benchmark_queries_are_held_out_whole() -> None:
    marked = {row["query"] for row in ROWS if row["benchmark"]}
    assert marked == {wish.text for wish in WISHES if wish.benchmark}


def some() -> list[DemoItem]:
    return [next(item for item in items() if item.kind == kind) for kind in KINDS]


@pytest.mark.parametrize("item", some(), ids=lambda item: item.kind)
def test_a_picture_shows_the_colour_it_names(item: DemoItem) -> None:
    wanted = COLOURS[item.colour].rgb
    pixels = np.asarray(draw(item).resize((80, 80)), dtype=int)
    close = (abs(pixels - np.array(wanted)).sum(axis=-1) < 60).sum()
    assert close >= 0.04 * 80 * 80


def test_as_many_pieces_are_drawn_as_the_attributes_say() -> None:
    for item in items():
        assert len(places(item)) == item.pieces


def test_the_same_item_gives_the_same_picture() -> None:
    item = items()[0]
    assert draw(item).tobytes() == draw(item).tobytes()
    assert draw(item, 0).tobytes() != draw(item, 1).tobytes()


def test_everything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.drawing.SCALE", 1)
    write(tmp_path)
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == sorted(image_names())
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == len(ROWS)
