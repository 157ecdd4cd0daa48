from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from pyarrow import (  # type: ignore[attr-defined]  # fmt: skip
    DictionaryArray,
    RecordBatch,
    StringArray,
    Table,
    array,
    float32,
    int32,
    int64,
    large_string,
    list_,
    parquet,
    py_buffer,
    record_batch,
)

from catalogue.importing.meaning.mapping import Mapper
from catalogue.importing.meaning.presets import OWN, PAIRS
from catalogue.importing.reading import arrow_rows
from catalogue.importing.reading.read_as import ReadAs
from catalogue.importing.reading.readers import Broken, Row, RowReader
from catalogue.importing.reading.rows import RowRefused
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
    assert arrow_rows.rows(batch) == batch.to_pylist()
    middle = batch.slice(1, 2)  # what lies before and after in the same memory is not of it
    assert arrow_rows.rows(middle) == middle.to_pylist()
    assert [type(value) for row in arrow_rows.rows(batch) for value in row.values()] == [
        type(value) for row in batch.to_pylist() for value in row.values()
    ]


def test_dictionaries_wide_types_and_batches_without_columns_are_read_as_arrow_reads_them() -> None:
    words = array(["a", "b", "a"]).dictionary_encode()
    large = array(["a", None, "b"], large_string())
    fixed = array([[1, 2], None, [3, 4]], list_(int64(), 2))
    batch = record_batch([words, large, fixed], names=["words", "large", "fixed"])
    assert arrow_rows.rows(batch) == batch.to_pylist()
    assert arrow_rows.rows(batch.select([])) == batch.select([]).to_pylist()


def test_texts_that_are_no_utf8_are_told_as_arrow_tells_them() -> None:
    broken_texts = StringArray.from_buffers(1, py_buffer(b"\0\0\0\0\2\0\0\0"), py_buffer(b"\xff\xfe"))
    with pytest.raises(UnicodeDecodeError):
        arrow_rows.rows(record_batch([broken_texts], names=["text"]))


def read(table: Table) -> list[Row | Broken]:
    made = io.BytesIO()
    parquet.write_table(table, made)  # type: ignore[no-untyped-call]
    return list(RowReader(made, "pairs.parquet"))


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
def test_a_row_says_whether_its_texts_can_be_stored(value: Any, *, storable: bool) -> None:
    (row,) = read(Table.from_pylist([{"x": value}]))
    assert isinstance(row, Row) and row.storable is storable


def test_values_of_every_kind_arrive_as_a_line_of_json_says_them() -> None:
    first, empty, last = read(Table.from_pylist(ROWS))
    assert isinstance(first, Row) and isinstance(last, Row) and isinstance(empty, Row)
    same = ("text", "whole", "share", "yes", "named", "listed", "several", "nothing")
    assert [first.values[name] for name in same] == [ROWS[0][name] for name in same]
    assert [last.values[name] for name in same] == [ROWS[2][name] for name in same]
    assert (first.values["day"], first.values["raw"]) == ("2026-01-02", "\0"), "texts, as a CSV file would say them"
    assert set(empty.values.values()) == {None}


def test_no_number_is_nothing_and_a_moment_reads_as_people_write_it() -> None:
    (row,) = read(Table.from_pylist([{"price": float("nan"), "at": datetime.datetime(2026, 1, 2, 3, 4)}]))
    assert isinstance(row, Row) and row.values == {"price": None, "at": "2026-01-02 03:04:00"}


def test_a_picture_in_a_column_that_nobody_reads_keeps_no_row_out() -> None:
    """Five megabytes of bytes; a line may have four. A mapped field of more than 64 KiB is still refused as such."""
    (row,) = read(Table.from_pylist([{"query": "mug", "item_id": "1", "title": "Mug", "picture": b"\x89" * (5 << 20)}]))
    assert isinstance(row, Row) and row.size < 4 << 20
    assert Mapper(dict(OWN), PAIRS, LORE).record(row).content.title == "Mug"
    with pytest.raises(RowRefused, match="64 KiB"):
        Mapper({**OWN, "picture": "description"}, PAIRS, LORE).record(row)


def test_a_row_over_the_cap_of_a_line_keeps_no_other_row_out() -> None:
    first, long, last = read(Table.from_pylist([{"x": "a"}, {"x": "b" * (5 << 20)}, {"x": "c"}]))
    assert isinstance(first, Row) and isinstance(last, Row) and (first.values, last.values) == ({"x": "a"}, {"x": "c"})
    assert isinstance(long, Broken) and (long.number, long.reason, last.number) == (2, "The line is too long.", 3)


def test_broken_texts_of_categories_are_kept_to_be_sanitised() -> None:
    broken_texts = StringArray.from_buffers(1, py_buffer(b"\0\0\0\0\2\0\0\0"), py_buffer(b"a\xff"))
    words = DictionaryArray.from_arrays(array([0], int32()), broken_texts)
    assert arrow_rows.read(record_batch([words], names=["text"])) == [{"text": "a\udcff"}]


def test_whoever_opened_the_file_keeps_their_place_in_it(tmp_path: Path) -> None:
    """A child shares an open file, and a place that it moved would be believed by nobody here."""
    path = tmp_path / "rows.parquet"
    parquet.write_table(Table.from_pylist(ROWS * 1000), path)  # type: ignore[no-untyped-call]
    with path.open("rb") as file:
        reader = RowReader(file, path.name)
        assert len(list(reader)) == 3000
        assert reader.bytes_read > 0
        file.seek(0)
        assert file.read() == path.read_bytes()


def test_ids_that_differ_in_a_byte_that_is_no_text_are_never_one() -> None:
    """Spark and Impala write texts as bytes; two of them in another encoding would both be `p�`."""
    made = io.BytesIO()
    table = {"query": ["mug"] * 2, "item_id": [b"p\xe9", b"p\xe8"], "title": ["Mug", b"Caf\xe9".decode("latin-1")]}
    parquet.write_table(Table.from_pydict(table), made)  # type: ignore[no-untyped-call]
    made.seek(0)
    for row in RowReader(made, "pairs.parquet"):
        assert isinstance(row, Row)
        with pytest.raises(RowRefused, match="cannot be stored"):
            Mapper(dict(OWN), PAIRS, LORE).record(row)


def test_of_a_large_group_of_rows_no_more_is_read_than_the_next_rows_need(tmp_path: Path) -> None:
    """Held at once, the one group of a file of two gigabytes would be two gigabytes."""
    path = tmp_path / "rows.parquet"
    texts = [f"{number:06} " * 500 for number in range(5000)]
    parquet.write_table(Table.from_pydict({"text": texts}), path, compression="none", use_dictionary=False)  # type: ignore[no-untyped-call]
    with path.open("rb") as file:
        reader = RowReader(file, path.name)
        assert next(iter(reader)).number == 1
        assert reader.bytes_read < 5 << 20 < 16 << 20 < path.stat().st_size


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
    (row,) = RowReader(io.BytesIO(line + b"\n"), "pairs.jsonl", reading=ReadAs(replace=True))
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


def test_an_id_that_float32_has_rounded_is_none_and_a_price_is_one() -> None:
    """2^24 + 1 is no float32: two items would have become one."""
    ids = array([5.0, 16_777_217.0], float32())
    rows = read(Table.from_pydict({"query": ["mug"] * 2, "item_id": ids, "title": ["Mug"] * 2, "price": ids}))
    mapper = Mapper({**OWN, "price": "price"}, PAIRS, LORE)
    small, large = rows
    assert isinstance(small, Row) and isinstance(large, Row) and mapper.record(small).item_id == "5"
    with pytest.raises(RowRefused, match="has lost digits"):
        mapper.record(large)
    assert mapper.record(large._replace(values={**large.values, "item_id": "x"})).content.price == "16777216"
