from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
from pyarrow import RecordBatch, StringArray, Table, array, int64, large_string, list_, parquet, py_buffer, record_batch  # type: ignore[attr-defined]  # fmt: skip

from catalogue.importing import parquet_rows
from catalogue.importing.mapping import Mapper
from catalogue.importing.presets import OWN, PAIRS
from catalogue.importing.readers import Row, RowReader
from relevance.labels import LORE

ROWS: list[dict[str, Any]] = [
    {
        "text": "杯子",
        "whole": 7,
        "share": 0.5,
        "yes": True,
        "day": datetime.date(2026, 1, 2),
        "raw": b"\xff",
        "named": {"colour": "red", "size": {"unit": "l", "value": 3}},
        "listed": ["a", "b"],
        "several": [{"name": "x", "value": "1"}, {"name": "y", "value": None}],
        "nothing": None,
    },
    dict.fromkeys(
        ["text", "whole", "share", "yes", "day", "raw", "named", "listed", "several", "nothing"],
    ),
    {
        "text": "",
        "whole": -1,
        "share": 1e300,
        "yes": False,
        "day": datetime.date(1, 1, 1),
        "raw": b"",
        "named": {"colour": None, "size": None},
        "listed": [],
        "several": [None, {"name": "", "value": ""}],
        "nothing": None,
    },
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[2:] * 3, ROWS[:1] * 5])
def test_rows_are_what_arrow_itself_makes_of_them(rows: list[dict[str, Any]]) -> None:
    batch = RecordBatch.from_pylist(rows)
    assert parquet_rows.rows(batch) == batch.to_pylist()
    middle = batch.slice(1, 2)  # what lies before and after in the same memory is not of it
    assert parquet_rows.rows(middle) == middle.to_pylist()
    assert [type(value) for row in parquet_rows.rows(batch) for value in row.values()] == [
        type(value) for row in batch.to_pylist() for value in row.values()
    ]


def test_dictionaries_wide_types_and_batches_without_columns_are_read_as_arrow_reads_them() -> None:
    words = array(["a", "b", "a"]).dictionary_encode()
    large = array(["a", None, "b"], large_string())
    fixed = array([[1, 2], None, [3, 4]], list_(int64(), 2))
    batch = record_batch([words, large, fixed], names=["words", "large", "fixed"])
    assert parquet_rows.rows(batch) == batch.to_pylist()
    assert parquet_rows.rows(batch.select([])) == batch.select([]).to_pylist()


def test_texts_that_are_no_utf8_are_told_as_arrow_tells_them() -> None:
    broken_texts = StringArray.from_buffers(1, py_buffer(b"\0\0\0\0\2\0\0\0"), py_buffer(b"\xff\xfe"))
    with pytest.raises(UnicodeDecodeError):
        parquet_rows.rows(record_batch([broken_texts], names=["text"]))


def test_no_field_of_a_row_is_larger_than_the_longest_says() -> None:
    rows = [{"a": "x" * 1000, "b": ["y" * 300, "z" * 300], "c": {"d": "w" * 50}}, {"a": "", "b": ["v"], "c": {"d": ""}}]
    longest = parquet_rows.texts(RecordBatch.from_pylist(rows)).longest
    # 1000 of the longest text, 601 of all that lists hold, 50 and the one letter of a name
    assert longest >= 1000
    assert longest <= 1000 + 601 + 50 + 1


@pytest.mark.parametrize(
    ("value", "storable"),
    [
        ("mug", True),
        ("a\0b", False),
        (["mug", "a\0b"], False),
        ({"x": "a\0b"}, False),
        ('{"x": "\\u0000"}', False),
        (b"\0", False),
    ],
)
def test_a_batch_says_whether_its_texts_can_be_stored(value: Any, *, storable: bool) -> None:
    batch = RecordBatch.from_pylist([{"x": value}, {"x": value}])
    assert parquet_rows.texts(batch).storable is storable


@pytest.mark.parametrize(
    "line",
    [
        b'{"query": "mug", "item_id": "1", "title": "a\\u0000b", "attributes": {"x": "y"}}',
        b'{"query": "mug", "item_id": "1", "title": "ab", "attributes": "{\\"x\\": \\"a\\\\u0000b\\"}"}',
        b'{"query": "mug", "item_id": "1", "title": "a\\ud800b"}',
        b'{"query": "mug", "item_id": "1", "title": "caf\xe9"}',
    ],
)
def test_a_line_that_hides_what_cannot_be_stored_is_sanitised(line: bytes) -> None:
    (row,) = RowReader(io.BytesIO(line + b"\n"), "pairs.jsonl")
    assert isinstance(row, Row) and not row.storable
    record = Mapper(dict(OWN), PAIRS, LORE).record(row)
    assert record.sanitised == 1
    assert "\ufffd" in record.content.title or record.content.cpv == (("x", "a\ufffdb"),)


def test_a_parquet_cell_that_hides_a_nul_within_json_is_sanitised() -> None:
    made = io.BytesIO()
    cell = '{"x": "a\\u0000b"}'
    parquet.write_table(  # type: ignore[no-untyped-call]
        Table.from_pylist([{"query": "mug", "item_id": "1", "title": "ab", "attributes": cell}]), made
    )
    (row,) = RowReader(made, "pairs.parquet")
    assert isinstance(row, Row)
    assert Mapper(dict(OWN), PAIRS, LORE).record(row).content.cpv == (("x", "a\ufffdb"),)
