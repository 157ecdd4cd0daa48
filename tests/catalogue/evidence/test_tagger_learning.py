"""The command that makes the shipped weights: the same input gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalogue.evidence import tagger_learning


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "queryner").mkdir()
    (tmp_path / "licences").mkdir()
    rows = [
        {"tokens": ["red", "mug"], "tags": ["B-color", "B-core_product_type"]},
        {"tokens": ["blue", "tea", "pot"], "tags": ["B-color", "B-core_product_type", "I-core_product_type"]},
    ]
    (tmp_path / "queryner" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in tagger_learning.LICENCES:
        (tmp_path / "licences" / name).write_text("Permission is hereby granted")
    return tmp_path


def test_the_same_queries_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    cards = [tagger_learning.learn(data, tmp_path / name) for name in ("first", "second")]
    assert cards[0] == cards[1]
    files = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("first", "second")]
    assert files[0] == files[1] == sorted(["card.json", tagger_learning.WEIGHTS.name, *tagger_learning.LICENCES])
    assert cards[0]["learnt_from"]["queries"] == 2


def test_what_is_not_there_is_named(data: Path) -> None:
    (data / "queryner" / "train.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"train\.jsonl"):
        tagger_learning.learn(data, data / "made")
