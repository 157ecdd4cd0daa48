from __future__ import annotations

import io
import json
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from catalogue.importing.reading.readers import Row, RowReader

NAMES = ["Exact", "Substitute", "Complement", "Irrelevant"]
CLASS = {"names": NAMES, "_type": "ClassLabel"}


def rows(values: list[Any], feature: Any, metadata: bytes | None = None) -> list[Any]:
    """What a reader says of the column `label` of a Parquet file whose metadata describe it so."""
    told = json.dumps({"info": {"features": {"label": feature, "query": {"dtype": "string", "_type": "Value"}}}})
    table = pyarrow.table({"query": ["mug"] * len(values), "label": values})
    made = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata({"huggingface": metadata or told.encode()}), made)
    made.seek(0)
    found = list(RowReader(made, "pairs.parquet"))
    assert all(isinstance(row, Row) for row in found)
    return [row.values["label"] for row in found if isinstance(row, Row)]


def test_the_names_of_classes_stand_in_place_of_their_numbers() -> None:
    assert rows([0, 1, 2, 3], CLASS) == NAMES


def test_minus_one_is_no_class_and_a_number_without_a_name_stays_one() -> None:
    assert rows([-1, None, 3, 4], CLASS) == [None, None, "Irrelevant", 4]


@pytest.mark.parametrize(
    ("value", "feature", "named"),
    [
        ([0, -1], {"feature": CLASS, "_type": "Sequence"}, ["Exact", None]),
        ([0, 3], {"feature": CLASS, "_type": "List"}, ["Exact", "Irrelevant"]),
        ([0, 3], [CLASS], ["Exact", "Irrelevant"]),
        ({"rater": "ann", "label": 1}, {"rater": {"_type": "Value"}, "label": CLASS}, {"rater": "ann", "label": "Substitute"}),
        (
            [{"rater": "ann", "label": 1}],
            [{"rater": {"_type": "Value"}, "label": CLASS}],
            [{"rater": "ann", "label": "Substitute"}],
        ),
        (
            {"rater": ["ann", "bob"], "label": [1, 2]},
            {"feature": {"rater": {"_type": "Value"}, "label": CLASS}, "_type": "Sequence"},
            {"rater": ["ann", "bob"], "label": ["Substitute", "Complement"]},
        ),
    ],
)  # fmt: skip
def test_classes_within_lists_and_objects_are_named_as_well(value: Any, feature: Any, named: Any) -> None:
    assert rows([value], feature) == [named]


@pytest.mark.parametrize(
    "metadata",
    [b"no json", b"[]", b'{"info": 1}', b'{"info": {"features": []}}', b'{"info": {"features": {"label": 7}}}', b"[" * 2000]
    + [json.dumps({"info": {"features": {"label": {**CLASS, "names": names}}}}).encode() for names in (None, [1], "E")],
    ids=str,
)  # fmt: skip
def test_metadata_that_are_not_understood_leave_the_numbers(metadata: bytes) -> None:
    assert rows([0, 3], CLASS, metadata) == [0, 3]
